# SPDX-License-Identifier: GPL-2.0
"""The activity of SPEs and the PPE, from the kernel's tracepoints: spufs and
sched_switch, as tracefs prints them."""

import collections
import csv
import json
import re

LINE = re.compile(r"^ *(?P<task>.+)-(?P<tid>\d+) +\[(?P<cpu>\d+)\] \S+ +(?P<time>\d+\.\d+): "
                  r"(?P<event>\w+): (?P<text>.*)$")


class Timeline:
    """Intervals by row: "SPE n" for runs, "PPE n" for tasks; and events read."""

    def __init__(self, lines):
        self.rows = collections.defaultdict(list)   # row: [(begin, end, what)], us
        self.events = []                            # (time, what)
        self.begin = self.end = 0.0
        self._spe = {}          # context: SPE that it was last seen on
        self._runs = {}         # context: (SPE, begin)
        self._waiting = []      # contexts that were started without an SPE
        self._tasks = {}        # PPE: (task, begin)
        for line in lines:
            if m := LINE.match(line):
                self._feed(float(m["time"]) * 1e6, int(m["cpu"]), m["event"], m["text"])
        for cpu, (task, begin) in self._tasks.items():
            self._add(f"PPE {cpu}", begin, self.end, task)
        self._clip()

    def _clip(self):
        """Keep what is between the first start and the last stop."""
        runs = [r for row, rs in self.rows.items() if row.startswith("SPE") for r in rs]
        self.begin, self.end = min(r[0] for r in runs), max(r[1] for r in runs)
        for row, rs in self.rows.items():
            self.rows[row] = [(max(begin, self.begin), min(end, self.end), what)
                              for begin, end, what in rs if end > self.begin and begin < self.end]

    def _add(self, row, begin, end, what):
        if end > begin and not what.startswith("swapper"):
            self.rows[row].append((begin, end, what))

    def _feed(self, now, cpu, event, text):
        self.begin = self.begin or now
        self.end = now
        field = dict(re.findall(r"(\w+)\s?=\s?(\S+?)[,)]?(?=\s|$)", text))
        if event == "spufs_async_start":
            if int(field["spu"]) >= 0:
                self._spe[field["ctx"]] = int(field["spu"])
                self._runs[field["ctx"]] = (int(field["spu"]), now)
            else:
                self._waiting.append(field["ctx"])
        elif event == "spufs_context" and text.startswith("spu_bind_context") and self._waiting:
            # a start without an SPE, and what it leads to
            ctx = self._waiting.pop(0)
            self._spe[ctx] = int(field["spu"])
            self._runs[ctx] = (int(field["spu"]), now)
        elif event == "spufs_async_post" and field["event"] == "stop":
            if field["ctx"] in self._runs:
                spe, begin = self._runs.pop(field["ctx"])
                self._add(f"SPE {spe}", begin, now, field["ctx"])
        elif event == "spufs_async_read":
            self.events.append((now, field["event"]))
        elif event == "sched_switch":
            if cpu in self._tasks:
                self._add(f"PPE {cpu}", self._tasks[cpu][1], now, self._tasks[cpu][0])
            self._tasks[cpu] = (field["next_comm"], now)

    def order(self):
        """The rows, from top to bottom."""
        return sorted(self.rows, key=lambda row: (row.split()[0], int(row.split()[1])))

    def busy(self):
        """The share of time in which the SPEs run, from the first run to the last."""
        spes = [rs for row, rs in self.rows.items() if row.startswith("SPE")]
        return sum(end - begin for rs in spes for begin, end, _ in rs) / \
            ((self.end - self.begin) * len(spes))

    def write_perfetto(self, name):
        """For ui.perfetto.dev: the trace event format, in JSON."""
        rows = {row: i for i, row in enumerate(self.order())}
        events = [{"ph": "M", "name": "process_name", "pid": 0, "args": {"name": "Cell"}}]
        for row, i in rows.items():
            events.append({"ph": "M", "name": "thread_name", "pid": 0, "tid": i,
                           "args": {"name": row}})
            events += [{"ph": "X", "name": what, "pid": 0, "tid": i,
                        "ts": round(begin - self.begin, 3), "dur": round(end - begin, 3)}
                       for begin, end, what in self.rows[row]]
        events += [{"ph": "i", "name": what, "pid": 0, "tid": 0, "s": "p",
                    "ts": round(now - self.begin, 3)} for now, what in self.events]
        with open(name, "w") as f:
            json.dump({"traceEvents": events, "displayTimeUnit": "ns"}, f)

    def write_csv(self, name):
        """row,number,begin_us,end_us,what"""
        with open(name, "w", newline="") as f:
            writer = csv.writer(f, lineterminator="\n")
            writer.writerow(["row", "number", "begin_us", "end_us", "what"])
            for i, row in enumerate(self.order()):
                writer.writerows([row, i, f"{begin - self.begin:.3f}", f"{end - self.begin:.3f}",
                                  what] for begin, end, what in self.rows[row])

# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion of spuctl(1) for bash

_spuctl()
{
	local word=${COMP_WORDS[COMP_CWORD]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "run ps trace debug regs mem dis fault step --help" -- "$word")
		return
	fi
	case ${COMP_WORDS[1]}:$word in
	run:-*)
		mapfile -t COMPREPLY < <(compgen -W "--copies --quiet --json" -- "$word")
		;;
	ps:*)
		mapfile -t COMPREPLY < <(compgen -W "--json" -- "$word")
		;;
	trace:-*)
		mapfile -t COMPREPLY < <(compgen -W "--json --list" -- "$word")
		;;
	debug:*)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		;;
	regs:* | mem:* | dis:* | fault:* | step:*)
		[ "$COMP_CWORD" -ne 2 ] ||
			mapfile -t COMPREPLY < <(compgen -W "$(spuctl ps 2>/dev/null |
				sed '1d; s/ .*//')" -- "$word")
		;;
	run:*)
		[ "${COMP_WORDS[COMP_CWORD - 1]}" = -n ] ||
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
		;;
	trace:*)
		mapfile -t COMPREPLY < <(compgen -c -- "$word")
		;;
	esac
}

complete -o filenames -F _spuctl spuctl

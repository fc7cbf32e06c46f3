# A build with the machines that have a Cell, and no others
CONFIG_CELL_BLADE=y
CONFIG_PS3=y

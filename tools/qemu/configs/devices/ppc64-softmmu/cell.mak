# A build with the Cell blade and no other machine
CONFIG_CELL_BLADE=y

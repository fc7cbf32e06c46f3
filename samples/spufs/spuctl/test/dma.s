/* SPDX-License-Identifier: GPL-2.0 */
# Ends by DMA to address 0.
	.globl	_start
	.text
_start:
	il	$3, 0
	il	$4, 16
	il	$5, 0x40	# GET
	wrch	$ch16, $3
	wrch	$ch17, $3
	wrch	$ch18, $3
	wrch	$ch19, $4
	wrch	$ch20, $3
	wrch	$ch21, $5
1:
	br	1b

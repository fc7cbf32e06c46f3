# Names that differ in QEMU up to 10.0, in the files of tools/qemu and its patches
s/(\(ObjectClass \*[a-z]*\), const void \*data)/(\1, void *data)/
s/(const InterfaceInfo\[])/(InterfaceInfo[])/
s/\<CharFrontend\>/CharBackend/
s/\<physical_memory_set_dirty_range(/cpu_&/
# These report no error of their own.
s/\(get_image_size(.*\), NULL)/\1)/
/load_image_targphys(/,/)/s/, NULL)/)/

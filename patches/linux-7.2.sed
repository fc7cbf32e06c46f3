# kzalloc_obj(P) came with 7.0, and checkpatch asks for it since.
s/\bkzalloc(sizeof(\(\*[^()]*\)), GFP_KERNEL)/kzalloc_obj(\1)/

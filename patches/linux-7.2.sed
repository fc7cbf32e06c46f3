# kzalloc_obj(P) came with 7.0, and checkpatch asks for it since.
s/\bkzalloc(sizeof(\(\*[^()]*\)), GFP_KERNEL)/kzalloc_obj(\1)/
# kill_litter_super() is gone, and spufs has the other one.
s/\bkill_litter_super\b/kill_anon_super/

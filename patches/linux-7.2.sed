# kzalloc_obj(P) and the like came with 7.0, and checkpatch asks for them since.
s/\bk\([mz]\)alloc(sizeof(\(\*[^()]*\)), GFP_KERNEL)/k\1alloc_obj(\2)/
s/\bk\([mz]\)alloc(sizeof(\(\*[^()]*\)), GFP_KERNEL_ACCOUNT)/k\1alloc_obj(\2, GFP_KERNEL_ACCOUNT)/
s/\bkzalloc(sizeof \(\*[a-z]*\), GFP_KERNEL)/kzalloc_obj(\1)/
s/\bkzalloc(sizeof(\(struct [a-z_]*\)), GFP_KERNEL)/kzalloc_obj(\1)/
s/\bkmalloc(struct_size(ctx->switch_log, log, SWITCH_LOG_BUFSIZE),$/kmalloc_flex(*ctx->switch_log, log, SWITCH_LOG_BUFSIZE,/
s/^\(+\?\t\t\t\)     GFP_KERNEL_ACCOUNT);/\1\t  GFP_KERNEL_ACCOUNT);/
s/\bkmalloc(struct_size(ctx->switch_log, log,$/kmalloc_flex(*ctx->switch_log, log,/
s/\bSWITCH_LOG_BUFSIZE), GFP_KERNEL);/     SWITCH_LOG_BUFSIZE);/
s/\bSWITCH_LOG_BUFSIZE), GFP_KERNEL_ACCOUNT);/     SWITCH_LOG_BUFSIZE, GFP_KERNEL_ACCOUNT);/
# kill_litter_super() is gone, and spufs has the other one.
s/\bkill_litter_super\b/kill_anon_super/

# The count of references of an inode has a name there.
s/atomic_read(&inode->i_count) != 1/icount_read_once(inode) != 1/

# Timers have functions with names of their own.
s/\bdel_timer_sync\b/timer_delete_sync/

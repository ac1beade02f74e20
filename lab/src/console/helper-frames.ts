// SPDX-License-Identifier: Apache-2.0

/**
 * Functions that are never to blame: they report, allocate, copy, lock or wait for somebody else.
 * Grouped by what they do; each entry is matched against the whole name.
 */
const helperGroups: Readonly<Record<string, readonly string[]>> = {
  reporting: [
    '(?:__)?dump_stack(?:_lvl|_set_arch_desc)?|show_(?:stack|regs|trace)\\w*|(?:dump|unwind|show|c)_backtrace|_?sched_show_task|dump_cpu_task',
    'print_(?:address_description|report|trailer|unlock_imbalance_bug|usage_bug|circular_bug|irqtrace_events|bad_irq_dependency|irq_inversion_bug|deadlock_bug|tainted)|print_lock_\\w+',
    'object_err|slab_(?:err|bug|fix)|check_object\\w*|(?:free|alloc)_(?:debug|consistency)_\\w+|on_freelist',
    'report_bug\\w*|_*warn(?:_slowpath\\w*|_printk|_alloc\\w*|_flags)?|warn_alloc\\w*|fixup_bug|handle_bug|(?:bug|brk|reserved_fault_brk)_\\w*handler|call_break_hook|call_undef_hook|arm64_(?:notify_die|force_\\w+)|__panic_unhandled|exception_common|do_report_trap|_*die|die_kernel_fault|arm_notify_die|notify_die|oops_(?:begin|end|enter|exit)|nmi_panic|v?panic|check_panic_on_warn|end_report\\w*|\\w+_panic|\\w*assert_?fail\\w*|ref_tracker_\\w+',
    'v?printk\\w*|_printk\\w*|vprintk_\\w+|_*dev_(?:v?printk|dbg|info|notice|warn|err|crit|alert|emerg)\\w*|_*netdev_(?:printk|dbg|info|notice|warn|err|crit|alert|emerg)|_?btrfs_printk|(?:seq|bstr|vbin)_v?b?printf|vbin_printf|v?sscanf|simple_strn?to\\w+|_*kstrto\\w+|put_dec\\w*|widen_string|check_pointer(?:_msg)?|err_ptr|ptr_to_\\w+|default_pointer|restricted_pointer|special_hex_number|dentry_name|(?:hex|symbol|resource|range|bitmap(?:_list)?|mac_address|ip[46]?_\\w+|uuid|escaped|error|flags|fourcc|device_node|fwnode)_string|string_escape_mem|netdev_bits|v?s[cn]?n?printf|vscnprintf|format_decode|pointer|string(?:_nocheck)?|number|va_format|msg_print_text',
    '__warn_(?:args|printf)|__report_bug|show_(?:opcodes|ip|pte|fault_oops|signal\\w*)|__show_trace_log_lvl|__die_(?:header|body)|die_addr|dump_(?:mem|instr|stack_print_info)|copy_code|print_(?:section|track|tracking|slab_info|error_description|memory_metadata)|start_report|complete_report_info|get_(?:shadow_|wild_)?bug_type|report_(?:ubsan_failure|tag_fault)|handle_(?:overflow|null_ptr_deref|misaligned_access|object_size_mismatch)|val_to_string|__stack_chk_fail|__read_overflow\\w*|__write_overflow\\w*|(?:__)?copy_overflow',
    'lockdep_\\w+|debug_locks_off\\w*|save_(?:stack\\w*|trace)|stack_(?:trace_save|depot)\\w*|filter_irq_stacks|arch_stack_walk|walk_stackframe|__save_stack_trace',
    'nmi_(?:cpu_backtrace|trigger_cpumask_backtrace)\\w*|\\w*trigger_\\w*backtrace\\w*|lapic_can_unplug_cpu|rcu_dump_cpu_stacks',
  ],
  traps: [
    'do_(?:error_trap|invalid_op|trap|trap_no_signal|divide_error|general_protection|page_fault|user_addr_fault|kern_addr_fault|double_fault|int3|debug|undefinstr|alignment|bad_area|translation_fault|sect_fault|tag_check_fault|tag_recovery|mem_abort|debug_exception|sea|serror|PrefetchAbort|DataAbort|sp_pc_abort|alignment_fault|undef_instr)',
    '__do_(?:kernel_fault|page_fault|user_fault)|_*bad_area\\w*|no_context|pgtable_bad|page_fault_oops|kernelmode_fixup_or_oops|spurious_kernel_fault\\w*|_*handle_page_fault|search_exception\\w*|fixup_exception|ex_handler_\\w+',
    '(?:asm_)?exc_\\w+|(?:asm_)?sysvec_\\w+|asm_\\w+|idtentry_\\w+|irqentry_\\w+|error_(?:entry|code|return)|paranoid_\\w+|interrupt_entry',
    'invalid_op|page_fault|async_page_fault|general_protection|double_fault|divide_error|int3|stack_segment|common_interrupt|ret_from_intr|retint_\\w+|(?:smp_)?\\w*apic_timer_interrupt|reschedule_interrupt|call_function_(?:single_)?interrupt',
    'do_trap_\\w+|do_el1_\\w+|do_(?:be|bp|tr|ri|ade|ov|fpe)|tlb_do_page_fault_\\d|___do_page_fault|hash__do_page_fault|_*bad_page_fault|handle_fault_error\\w*|__do_pgm_check|pgm_check_\\w+|do_(?:dat|protection|program)_\\w+|illegal_op|monitor_event_exception|default_trap_handler|_exception\\w*|data_access_\\w+|baddataabort|do_bad|do_kernel_address_page_fault|ftrace_(?:regs_)?call(?:er)?\\w*',
    'el1\\w*|vectors|__und_svc\\w*|(?:program_check|data_access|alignment|instruction_access|system_reset|machine_check)_(?:exception|common\\w*)|ret_from_except\\w*|handle_program_check',
  ],
  sanitizers: [
    '_*(?:kasan|asan|hwasan|kmsan|msan|kcsan|tsan|ubsan|kfence|kcov|sanitizer)_\\w+|check_memory_region\\w*|memory_is_\\w+|check_region_inline|bytes_is_nonzero|describe_(?:object|address)\\w*',
    '_*should_fail\\w*|fault_create_debugfs_attr|fail_dump',
    'trace_(?:hardirqs|softirqs|preempt)\\w*|trace_event_(?:raw_event|buffer)_\\w+|__traceiter_\\w+|perf_trace_\\w+|__bpf_trace\\w+|mcount\\w*|__fentry__|test_alloc|kunit_\\w+',
  ],
  locking: [
    '_*lock_(?:acquire|release|acquired|contended|is_held\\w*|set_class|downgrade|pin_lock|unpin_lock)|lock_timer_base|lock_hrtimer_base|lockref_\\w+|lock_class_\\w+',
    'debug_check_no_(?:locks|obj)\\w*|check_(?:noncircular|usage\\w*|irq_usage|prev\\w*|deadlock|same_owner|preemption_disabled|no_locks\\w*|wait_context|wait_type\\w*)|mark_lock\\w*|mark_held_locks|validate_chain|register_lock_class|look_up_lock_class|find_held_lock|add_lock_to_list|noop_count|hlock_\\w+|__bfs\\w*|valid_state|assign_lock_key|graph_lock\\w*|match_held_lock|reacquire_held_locks|mark_usage|check_(?:path|redundant|chain_key|no_collision)|find_usage_\\w+|alloc_list_entry|alloc_lock_chain|alloc_chain_hlocks|zap_class|print_shortest_lock_dependencies\\w*|__lock_sequence|rtmutex_\\w+|sem_\\w+_waiter',
    '_*(?:(?:raw|do_raw|rt|pv|native|paravirt|arch|local|ticket|queued|queue)_)*(?:spin|read|write|seq)_(?:lock|unlock|trylock|seqbegin|seqretry|seqlock)(?!_bucket)\\w*|_*rwlock_\\w+|spin_(?:dump|bug|acquire|release)\\w*|debug_spin\\w*|(?:pv|native)_queued_\\w+|queued_\\w*slowpath|pv_wait\\w*|bit_spin_\\w+|hlist_bl_(?:un)?lock|seqcount_\\w+|seqlock_\\w+|__pv_\\w+|kvm_wait|reiserfs_write_(?:un)?lock\\w*|osq_(?:un)?lock\\w*',
    '_*mutex_(?:lock|unlock|trylock|spin|optimistic|can_spin|remove|add|waiter)\\w*|_*ww_mutex_\\w+|_*rt_mutex\\w*|rtlock_\\w+|__rt_\\w+|rwbase_\\w+|debug_mutex_\\w+',
    '_*(?:down|up)(?:_(?:read|write|interruptible|killable|timeout|trylock|common)\\w*)?|_*downgrade_write|_*rwsem_\\w+|call_rwsem_\\w+|_*percpu_(?:down|up|rwsem)\\w*|__down_trylock_console_sem|_*ldsem_\\w+|atomic_dec_and_(?:mutex_)?lock\\w*|refcount_dec_and_\\w*lock\\w*',
    '_*task_rq_lock|_*raw_spin_rq_lock\\w*|rcu_(?:read_lock|read_unlock|lock)\\w*|rcu_is_watching|srcu_read_\\w+|__rcu_read_\\w+|rcu_dynticks\\w*|_*local_irq\\w*|arch_local_\\w+|preempt_count\\w*|debug_smp_processor_id|__this_cpu_preempt_check|irqs_disabled\\w*',
  ],
  sleeping: [
    '_*might_(?:sleep|resched|alloc)\\w*|_*cond_resched\\w*|dynamic_cond_resched|__schedule_bug|_*preempt_schedule\\w*|_*schedule(?:_timeout\\w*|_preempt_disabled|_idle|_user|_hrtimeout\\w*|_debug|_loop|_rtlock)?|io_schedule\\w*|context_switch|_*switch_to\\w*|finish_task_switch|_stext|__sched_text_(?:start|end)',
    '_*wait_for_(?:completion|common)\\w*|do_wait_for_common|wait_(?:on|for)_(?:bit|page|buffer)\\w*|_*wait_on_\\w+|out_of_line_wait_on_bit\\w*|bit_wait\\w*|folio_wait_\\w+|_*folio_lock\\w*|__lock_(?:page|buffer|sock)\\w*|do_wait_intr\\w*|wait_woken|do_read_cache_(?:page|folio)|_*wait_event\\w*',
    'rcu_barrier\\w*|_*wait_rcu_gp|usleep_range\\w*|msleep\\w*|_*const_udelay|_*udelay|delay_(?:tsc|loop|mwaitx|halt)\\w*|__delay|kthread_(?:stop|park)\\w*|synchronize_(?:net|sched|irq|hardirq)',
  ],
  memory: [
    '_*mem(?:cpy|set|move|cmp|chr|scan|chr_inv|zero|copy)(?:_\\w+)?|memset(?:32|64|l)?|_*str(?:n?str|pbrk|n?len|n?cmp|n?casecmp|n?cpy|l?cpy|scpy|l?cat|n?cat|chr|rchr|nchr|sep|spn|cspn|n?len_user|ncpy_from_user|im|dup|ndup)(?:_\\w+)?|sized_strscpy|_*fortify_\\w+|_*clear_(?:page|user)\\w*|copy_page|rep_(?:movs|stos)\\w*|do_str\\w+_user|read_word_at_a_time',
    '_*copy_(?:to|from|in|user)(?:_\\w+)?|_*copy(?:in|out)\\w*|raw_copy_\\w+|copy_(?:page|folio)_(?:to|from)_iter\\w*|csum_(?:and_copy|partial)\\w*|iterate_(?:all_kinds|and_advance\\w*|iovec|bvec|kvec|xarray)|_*(?:get|put)_user\\w*|__check_object_size|check_(?:heap|stack|page_span|kernel_text|bogus)\\w*|check_object_size|usercopy_\\w+|instrument_\\w+|(?:kv|v)?memdup(?:_\\w+)?|_*fault_in_\\w+|_*copy_mc_\\w+|zero_to_(?:user_)?iter|_*import_iovec\\w*|iovec_from_user|bcmp|stpcpy|strn?chrnul|memset16|check_bytes8|strreplace|skip_spaces|sysfs_streq|_*match_string|check_zeroed_user',
    '_*k[mzcv]?[mzc]?alloc\\w*|_*kmem_cache_?\\w*|_*cache_(?:alloc|free|grow|flusharray)\\w*|_*k(?:mem|str)n?dup\\w*|kv?asprintf|devm_k\\w+|_*k[vz]*free(?:_const|_sensitive|_rcu\\w*|_link)?|_*v[mz]?alloc(?:_\\w+)?|__vmalloc\\w*|_*v(?:un)?map|_*vfree\\w*|_*slab_\\w+|krealloc\\w*|ksize|new_slab|allocate_slab|deactivate_slab|discard_slab|init_object|set_track\\w*|kmemleak_\\w+|create_object|fallback_alloc|_*slab(?:_alloc|_free)\\w*|kvfree_\\w+|kfree_\\w+_nolock|_*ksize|_*do_(?:kmalloc_node|krealloc)|_*check_heap_object|_*free_slab|rcu_free_slab|(?:___|__)?cache_free|setup_object\\w*|shuffle_freelist|check_(?:bytes_and_report|slab|pad_bytes|slab_allocation)|memcg_slab_\\w+|(?:\\w+_)?sheaf(?:_\\w+)?|(?:alloc_from|(?:can_)?free_to)_pcs\\w*|__pcs_\\w+|pcs_(?:flush_all|destroy)|barn_\\w+|get_(?:any_|from_(?:any_)?)?partial\\w*|alloc_(?:single_)?from_\\w*(?:slab|partial)|mempool_\\w+|dma_pool_\\w+|pool_(?:alloc_page|block_\\w+|check_block|find_page|init(?:ialise)?_page)|devres_alloc\\w*',
    '_*v(?:un)?map_\\w*range\\w*|_*get_vm_area\\w*|_*alloc_vmap_area|free_vmap_area\\w*|remove_vm_area|vm_(?:map|unmap)_\\w+|__vcalloc\\w*|vcalloc\\w*|vrealloc\\w*',
    '_*alloc_pages\\w*|alloc_page\\w*|_*get_free_pages|get_zeroed_page\\w*|_*alloc_percpu\\w*|pcpu_\\w+|free_percpu|_*folio_alloc\\w*|vma_alloc_folio\\w*|_*page_cache_alloc|filemap_alloc_folio\\w*|_*free_pages?\\w*|free_unref_\\w+|free_pcp\\w*|_*free_one_page|free_large_kmalloc|free_kmalloc\\w*|get_page_from_freelist|_*rmqueue\\w*|_*free_frozen_pages\\w*|_*alloc_frozen_pages\\w*|(?:check|prep)_new_page\\w*|bad_(?:page|range)|free_(?:tail_)?pages?_prepare|kernel_init_pages|prep_compound_page|post_alloc_hook|sk_prot_alloc|sk_alloc|sock_alloc_inode|alloc_inode|_*kmalloc_reserve|skb_(?:panic|over_panic|under_panic)|_*skb_(?:put|push)\\w*|module_alloc|bpf_map_area_alloc|bpf_map_\\w*alloc\\w*|\\w+_map_alloc',
  ],
  containers: [
    '_*list_(?:add|del|move|splice|empty|lru)\\w*|_*hlist_(?:add|del)\\w*|_*rb_\\w+|xas_\\w+|_*xa_\\w+|_*find_(?:next|first|last)_\\w*bit\\w*|find_lock_entries|find_get_(?:entry|entries|pages)\\w*|truncate_inode_pages_\\w+',
    '(?:arch_|raw_)?atomic(?:64|_long)?_\\w+|_*refcount_\\w+|_*kref_\\w+|(?:arch_|generic_|const_|instrument_|_)*(?:test_and_)?(?:set|clear|change|test)_bit\\w*|page_ref_\\w+|folio_ref_\\w+|(?:put_page|folio_put)_testzero|(?:constant|variable)_test_bit|(?:try_)?cmpxchg\\w*|_*xchg\\w*|_*(?:read|write)_once\\w*|this_cpu_\\w+',
    'kobject_(?:get\\w*|put|set_name\\w*|namespace|add\\w*|del|uevent\\w*|init\\w*|release|cleanup|create\\w*|rename|move)|add_uevent_var|get_device(?:_parent)?|put_device|device_(?:add|del|register|unregister|destroy|for_each_child\\w*|remove_\\w*file\\w*)|sysfs_remove_\\w+|tty_unregister_device|i2c_del_adapter|__unregister_client|hwrng_(?:un)?register|(?:fast_)?dput',
    'timer_is_static_object|work_is_static_object|_*mod_timer\\w*|_*add_timer\\w*|_*debug_\\w*obj\\w*|debug_(?:hrtimer|timer|work|rcu)\\w*|lookup_object_or_alloc|_*call_rcu\\w*|_*flush_work|start_flush_work|finish_wait|try_to_grab_pending|work_grab_pending|(?:try_to_)?del_timer\\w*|_*timer_(?:delete|shutdown)\\w*|_*try_to_del_timer\\w*|_*cancel_(?:delayed_)?work\\w*|kv?free_call_rcu\\w*',
  ],
  io: [
    '_*(?:raw_)?(?:read|write)[bwlq](?:_relaxed)?|_*ioread\\w*|_*iowrite\\w*|logic_(?:in|out)\\w+|_*(?:in|out)[bwl]|memcpy_(?:to|from)io|memset_io|native_(?:read|write)_\\w+|_*(?:rd|wr)msr\\w*',
  ],
  network: ['rollback_registered\\w*|unregister_netdev(?:ice(?:_many|_queue)\\w*)?'],
  usb: [
    'usb_(?:submit|hcd_submit|kill|kill_anchored|unlink|poison)_urbs?|usb_(?:start_wait_urb|internal_control_msg|control_msg\\w*|bulk_msg|interrupt_msg)|dummy_urb_enqueue',
  ],
  rust: [
    '.*rust_begin_unwind|<?(?:core|alloc|compiler_builtins|__rustc)::(?!ptr::drop_in_place::<(?!(?:core|alloc|kernel)::)\\w+::).*|<(?:(?:core|alloc|kernel)::|[&*[(]|dyn |\\w+ as ).* as core::.*>::.*|rust_helper_\\w+|<?kernel::(?:bug|print|alloc|driver|error|sync|types|init)::.*',
  ],
  compiler: ['__x86_(?:indirect|return)_thunk\\w*|__llvm_retpoline\\w*|__cfi_\\w+|0x[0-9a-f]+'],
};

const helper = new RegExp(
  `^(?:${Object.values(helperGroups)
    .flat()
    .map((pattern) => `(?:${pattern})`)
    .join('|')})$`,
);

/** Whether a function only serves others, so that its caller is the one to name. */
export function isHelper(name: string): boolean {
  return helper.test(name);
}

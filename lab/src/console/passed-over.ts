// SPDX-License-Identifier: Apache-2.0

/**
 * What a title passes over, so that it is the one that syzbot gives: a function whose name has one of these parts serves
 * others. Coarser than a list of names; it is for functions of the kernel itself, since a driver is free to use any word.
 */
const partsOfNames: Readonly<Record<string, readonly string[]>> = {
  sanitizers: [
    'k[am]san|hwasan|__(?:[am]san|sanitizer)|kcsan_setup_watchpoint|check_(?:memory_region|heap_object|object)|read_word_at_a_time',
    '(?:read|write)_once_.*nocheck|__fortify_report|__phys_addr',
  ],
  reporting: [
    'panic|assertfail|warn_(?:slowpath|alloc|bogus)|__warn|report_bug|fixup_bug|invalid_op|imbalance_bug|print_(?:address_description|report|usage_bug|unlock|tainted|hex_dump)|hex_dump_to_buffer|^get_taint$',
    '(?:show|dump|walk)_stack|dump_backtrace|arch_stack_walk|stack_trace_(?:save|consume_entry)|perf_trace',
    'printk|va_format|snprintf|scnprintf|kv?asprintf|string|pointer|dev_(?:emerg|alert|crit|err|warn|notice|info)',
  ],
  traps: [
    'do_trap|_trap$|do_error|do_(?:kernel|translation)_fault|do_mem_abort|el1_abort|el1h_64_sync|program_check_(?:exception|common)|_indirect_thunk_',
  ],
  allocation: [
    '[mzc]alloc|krealloc|kmem_cache|slab_|allocate_slab|alloc_page|__alloc_frozen_pages_noprof|^kv?free$|kfree_skb|ref_tracker|ida_free',
    'folio_(?:alloc|unlock)|filemap_alloc_folio|__filemap_get_folio|find_or_create_page|read_cache_page|do_read_cache_folio|pagecache_get_page|grab_cache_page_write_begin|^(?:un)?lock_page|find_lock_entries|truncate_inode_pages_range|xas_(?:start|load|find)',
  ],
  locking: [
    'lockdep|lock_(?:acquire|release|class)|mark_lock|(?:mark|reacquire)_held_locks|(?:trace|lockdep)_(?:hard|soft)irq|seqprop_assert',
    'spin_(?:(?:try|un)?lock)|raw_spin_rq|(?:read|write)_(?:(?:try|un)?lock)|osq_(?:un)?lock|owner_on_cpu|bh_(?:en|dis)able|lock_timer_base',
    '^(?:__)?mutex_|^rt_mutex_|^down$|down_(?:read|write|trylock)|up_(?:read|write)|__might_resched|might_(?:sleep|fault)|cleanup_srcu_struct',
  ],
  counters: [
    '^(?:refcount|kref)_|atomic(?:64)?_(?:add|and|cmpxchg|dec|fetch|inc|or|read|set|sub|try|xchg|xor)|(?:set|clear|change|test)_bit',
    'list_(?:add|del|move|replace|splice)|^(?:__)?rb_|^klist_|rhashtable_lookup|dput|drop_nlink|^ihold$|^iput(?:_final)?$|^put_device$',
  ],
  copies: [
    'mem(?:chr|cmp|cpy|dup|move|set)|str(?:n?(?:cmp|dup|len|str)|[nls]?cpy|chr)|copy_(?:to|from)_(?:user|iter)|copy_page_(?:to|from)_iter|copy_folio_to_iter|^copy(?:in|out)$|(?:get|put)_user|extract_(?:user|iter)_to_sg|^crc\\d|crc_itu_t',
  ],
  waiting: [
    'debug_object|(?:timer|work)_is_static_object|del_timer|__timer_delete_sync|sk_stop_timer_sync|__mod_timer',
    '__wake_up|^complete$|wait_for_completion|finish_wait|kthread_stop|(?:flush|insert|queue)_work|(?:drain|destroy)_workqueue|__queue_delayed_work|queue_delayed_work_on|__cancel_work_timer|cancel_work_sync|try_to_grab_pending',
  ],
  devices: [
    'kobject_|add_uevent_var|get_device_parent|device_(?:add|del|destroy|for_each_child|release|remove_file|unregister)|devres_release_all|sysfs_remove|tty_unregister_device|hwrng_unregister|i2c_del_adapter|__unregister_client',
    'rollback_registered|unregister_netdev|usb_(?:control_msg|(?:hcd_)?submit_urb|kill_(?:anchored_urbs|urb))|dummy_urb_enqueue|(?:read|write)[bwlq]$|logic_(?:in|out)',
  ],
};

const passedOver = new RegExp(Object.values(partsOfNames).flat().join('|'));

/** Whether a title passes over a function of the kernel itself. */
export function isPassedOver(name: string): boolean {
  return passedOver.test(name);
}

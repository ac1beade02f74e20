// SPDX-License-Identifier: Apache-2.0

/** Functions that hand work to somebody else's entry point: the frame they call names a stall. */
const dispatchers = [
  // System calls, and the layers that choose the file's or socket's own function.
  '(?:do_|el0_|invoke_|ret_)(?:syscall\\w*|svc\\w*|fast_syscall\\w*)|_*do_fast_syscall_\\w+|(?:x64|ia32)_sys_call|entry_SYS\\w+|el0\\w*svc\\w*|sysenter_\\w+|int_ret_from_sys_call|system_call\\w*|tracesys\\w*|__sys_trace\\w*',
  'vfs_ioctl|do_vfs_ioctl|ksys_ioctl|(?:compat_)?SyS_ioctl|(?:__\\w+_)?(?:compat_)?sys_ioctl|\\w+_compat_ioctl|compat_\\w*ioctl',
  '_*vfs_(?:read|write|readv|writev|iter_\\w+)|new_sync_(?:read|write)|do_iter_\\w+|call_(?:read|write)_iter|do_loop_readv_writev|_*kernel_(?:read|write)',
  '_*sock_(?:sendmsg|recvmsg|write_iter|read_iter|do_ioctl|ioctl|release|mmap)\\w*|nfnetlink_rcv_msg|rtnetlink_rcv_msg|netlink_dump|_*do_sock_(?:set|get)sockopt|sock_common_\\w+|sk_common_release|do_accept|kernel_(?:accept|connect|listen|setsockopt)|__sys_(?:connect|listen|accept4?|socketpair|[gs]etsockopt)(?:_file)?',
  'call_mmap|_*mmap_region|do_mmap|do_dentry_open|vfs_open|blkdev_(?:driver_)?ioctl',
  // The handler of a mapping's faults; a fault on the way of something else does not cut that off.
  '__do_fault|_*do_page_fault|page_fault',
  // Deferred work, threads, timers, interrupts.
  'process_one_work|process_scheduled_works|worker_thread|kthread(?:_worker_fn)?|kernel_thread_helper|ret_from_fork\\w*|task_work_run|_*fput|rcu_(?:core|do_batch|process_callbacks)|tasklet_\\w*action\\w*|smpboot_thread_fn',
  'call_timer_fn|expire_timers|_*run_timers|run_timer_\\w+|_*run_hrtimer|__hrtimer_run_queues|hrtimer_interrupt|hrtimer_run_\\w+|run_posix_cpu_timers',
  '_*do_softirq\\w*|handle_softirqs|invoke_softirq|net_rx_action|_*napi_poll\\w*|run_ksoftirqd|_*handle_irq_event\\w*|handle_\\w+_irq|generic_handle_\\w+|process_backlog|_*netif_receive_skb\\w*',
];

/** Where one activity was cut off by another: what ran on top of it says nothing about it. */
const interruptEntries = [
  '(?:smp_)?(?:\\w*apic_timer_interrupt|reschedule_interrupt|call_function\\w*interrupt)|smp_apic_timer\\w*',
  '(?:asm_|instr_)?(?:sysvec|exc(?!_page_fault)|common_interrupt)\\w*|irqentry_\\w+|ret_from_intr|common_interrupt|do_IRQ|interrupt_entry|asm_call_\\w+|call_on_\\w*stack',
  'el1\\w*|gic_handle_irq|_*irq_svc|arch_timer_handler\\w*|do_interrupt_handler|handle_domain_irq|riscv_intc_irq|do_irq',
];

/** What the watchdogs themselves, the scheduler and the idle loop look like on a stack. */
const stallHelpers = [
  'rcu_(?:gp\\w*|check_callbacks|sched_clock_irq|dump\\w*|pending|stall\\w*)|print_(?:cpu|other)\\w*stall\\w*|check_cpu_stall\\w*|synchronize_rcu_expedited_wait\\w*|rcu_exp_\\w+|wait_rcu_exp_gp|sync_rcu_exp\\w*',
  'update_process_times|tick_\\w+|watchdog\\w*|softlockup\\w*|_*hrtimer_\\w+|nmi_\\w+|default_do_nmi|exc_nmi|do_nmi|end_repeat_nmi|\\w*trigger\\w*backtrace\\w*',
  '(?:default|native|intel|mwait|acpi)_\\w*(?:idle|halt)\\w*|cpuidle_\\w+|arch_cpu_idle|start_(?:secondary|kernel)|rest_init|x86_64_start_\\w+|secondary_startup\\w*|cpu_(?:startup_entry|idle_loop)',
  '_*irq_exit\\w*|irq_enter\\w*|exiting_irq|entering_irq|smp_call_function_interrupt|exit_to_user\\w*|prepare_exit_to_usermode|syscall_(?:return|exit|enter)\\w*|_*handle_mm_fault',
  'unwind_\\w+|_*kernel_text_address|is_(?:module|bpf)_text_address|console_(?:unlock|flush)\\w*|_*local_bh_\\w+',
];

/** Where a title's search for an entry ends: as the dispatchers, but by parts of names, after their prefixes were cut off. */
const anchors = [
  // System calls and work.
  'do_(?:fast_)?syscall_|sysenter_dispatch|tracesys_phase2|el0_svc_handler|invoke_syscall|ret_fast_syscall|exit_to_usermode|task_work_run|__fput',
  'process_one_work|smpboot_thread_fn|^kthread$|ret_from_fork|start_secondary|cpu_startup_entry|run_ksoftirqd|do_softirq|tasklet_(?:hi_)?action',
  'call_timer_fn|_run_timers|run_timer_softirq|hrtimer_run|netif_receive_skb',
  // Files.
  'vfs_(?:iter_)?(?:read|write)|do_iter_(?:read|write)|call_(?:read|write)_iter|new_sync_(?:read|write)|(?:vfs|ksys|compat|compat_sys|blkdev|blkdev_driver)_ioctl|^call_mmap|mmap_region|do_mmap|do_dentry_open|vfs_open',
  // Sockets.
  '^sock_(?:sendmsg|recvmsg|mmap|(?:do_)?ioctl)|^(?:__)?sock_release|^compat_sock_ioctl|^(?:setsockopt|listen|accept)$|kernel_(?:setsockopt|listen|accept)|sock_common_setsockopt|sk_common_release|^(?:nf|rt)netlink_rcv_msg|^netlink_dump|^(?:sys_)?(?:socketpair|connect|ioctl)',
  // Faults.
  '__do_fault|do_page_fault|^page_fault$',
];

const exactly = (patterns: readonly string[]) => new RegExp(`^(?:${patterns.join('|')})$`);
const dispatcher = exactly(dispatchers);
const interruptEntry = exactly(interruptEntries);
const stallHelper = exactly(stallHelpers);

const anchor = new RegExp(anchors.join('|'));

/** Whether what a function called is the entry that the title of a stall names. */
export function isTitleAnchor(name: string): boolean {
  return anchor.test(name);
}

/** Whether a function calls an entry point that it was given. */
export function isDispatcher(name: string): boolean {
  return dispatcher.test(name);
}

/** Whether a function is where an interrupt or fault came in. */
export function isInterruptEntry(name: string): boolean {
  return interruptEntry.test(name);
}

/** Whether a function belongs to the watchdog that noticed a stall, not to what stalls. */
export function isStallHelper(name: string): boolean {
  return stallHelper.test(name);
}

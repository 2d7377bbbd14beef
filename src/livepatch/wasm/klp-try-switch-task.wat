;; klp_try_switch_task() on a task that sleeps, in one call: what the TypeScript port in src/livepatch/transition.ts does with
;; task_call_func(), the stack walk and klp_check_stack(), which are the reference. Everything but the plain way through is
;; left to the port: see wasm-switch.ts.
;;
;; `@STRUCT.field` is a byte offset and `@words.STRUCT.field` a word offset that the build puts in. Addresses are word
;; indices, as everywhere outside this file; a name that ends in `At` is a byte address. Every access is the one that the
;; port makes on this backend: plain and relaxed ones are plain, acquire and read-modify-write are atomic.
;;
;; Result: 1 in the target state already, 2 switched, 0 a function in the way; -1 the port has to look. With 2, 0 and -2,
;; which is like -1, pi_lock of the task is still held.
(module
  (import "klp" "memory" (memory 1 65536 shared))
  ;; klp_target_state, klp_transition_patch, this CPU's stack buffer, the per-CPU data, the first task that is no idle task.
  (import "klp" "targetAt" (global $targetAt i32))
  (import "klp" "transitionPatchAt" (global $transitionPatchAt i32))
  (import "klp" "entriesAt" (global $entriesAt i32))
  (import "klp" "percpuAt" (global $percpuAt i32))
  (import "klp" "firstTaskAt" (global $firstTaskAt i32))
  ;; Head of klp_ops.
  (import "klp" "ops" (global $ops i32))
  ;; Number of addresses from the first valid one on at which a structure can lie.
  (import "klp" "limit" (global $limit i32))

  (func $wild (param $addr i32) (result i32)
    (i32.ge_u (i32.sub (local.get $addr) (i32.const @FIRST_VALID_ADDR)) (global.get $limit)))

  ;; Text that a function takes out of use, as klp_check_stack_func() looks for it: address and words.
  (global $addr (mut i32) (i32.const 0))
  (global $size (mut i32) (i32.const 0))

  ;; First half of klp_check_stack_func(): find that text; 0, or -1 = the port has to look.
  (func $outOfUse (param $func i32) (result i32)
    (local $funcAt i32) (local $opsNode i32) (local $node i32) (local $at i32)
    (local.set $funcAt (i32.shl (local.get $func) (i32.const 2)))
    (if (i32.eqz (i32.load (global.get $targetAt)))
      (then
        ;; KLP_UNPATCHED: the function itself goes.
        (global.set $addr (i32.load offset=@KLP_FUNC.newFunc (local.get $funcAt)))
        (global.set $size (i32.load offset=@KLP_FUNC.newSize (local.get $funcAt))))
      (else
        ;; What ran so far goes: klp_find_ops() …
        (global.set $addr (i32.load offset=@KLP_FUNC.oldFunc (local.get $funcAt)))
        (local.set $opsNode (i32.load offset=@LIST.next (i32.shl (global.get $ops) (i32.const 2))))
        (block $found
          (loop $search
            (if (i32.eq (local.get $opsNode) (global.get $ops)) (then (return (i32.const -1))))
            (if (call $wild (local.get $opsNode)) (then (return (i32.const -1))))
            (local.set $at (i32.shl (local.get $opsNode) (i32.const 2)))
            (local.set $node
              (i32.sub (i32.load offset=@KLP_OPS.funcStackNext (local.get $at)) (i32.const @words.KLP_FUNC.stackNode)))
            (if (call $wild (local.get $node)) (then (return (i32.const -1))))
            (br_if $found
              (i32.eq
                (i32.load offset=@KLP_FUNC.oldFunc (i32.shl (local.get $node) (i32.const 2)))
                (global.get $addr)))
            (local.set $opsNode (i32.load offset=@LIST.next (local.get $at)))
            (br $search)))
        ;; … and list_is_singular(): the stack is not empty, since $node is on it.
        (if (i32.eq
              (i32.load offset=@KLP_OPS.funcStackNext (local.get $at))
              (i32.load offset=@KLP_OPS.funcStackPrev (local.get $at)))
          (then
            (global.set $size (i32.load offset=@KLP_FUNC.oldSize (local.get $funcAt))))
          (else
            (local.set $node
              (i32.sub (i32.load offset=@KLP_FUNC.stackNodeNext (local.get $funcAt)) (i32.const @words.KLP_FUNC.stackNode)))
            (if (call $wild (local.get $node)) (then (return (i32.const -1))))
            (local.set $node (i32.shl (local.get $node) (i32.const 2)))
            (global.set $addr (i32.load offset=@KLP_FUNC.newFunc (local.get $node)))
            (global.set $size (i32.load offset=@KLP_FUNC.newSize (local.get $node)))))))
    (i32.const 0))

  ;; Second half: whether that text is on the stack.
  (func $onStack (param $entriesEnd i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $entriesAt))
    (block $end
      (loop $next
        (br_if $end (i32.eq (local.get $at) (local.get $entriesEnd)))
        (if (i32.lt_u (i32.sub (i32.load (local.get $at)) (global.get $addr)) (global.get $size))
          (then (return (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $next)))
    (i32.const 0))

  ;; spin_unlock() of pi_lock: 2 means that somebody sleeps on it.
  (func $unlock (export "unlock") (param $task i32)
    (local $at i32)
    (local.set $at (i32.shl (local.get $task) (i32.const 2)))
    (if (i32.eq (i32.atomic.rmw.xchg offset=@TASK.piLock (local.get $at) (i32.const 0)) (i32.const 2))
      (then (drop (memory.atomic.notify offset=@TASK.piLock (local.get $at) (i32.const 1))))))

  ;; What the functions of the patch take out of use stays the same while klp_mutex is held, so a pass finds it once: the first four
  ;; texts, and how many there are. -1 = more, or the port has to look: each task is then checked as outside of a pass.
  (global $texts (mut i32) (i32.const -1))
  (global $addr0 (mut i32) (i32.const 0)) (global $size0 (mut i32) (i32.const 0))
  (global $addr1 (mut i32) (i32.const 0)) (global $size1 (mut i32) (i32.const 0))
  (global $addr2 (mut i32) (i32.const 0)) (global $size2 (mut i32) (i32.const 0))
  (global $addr3 (mut i32) (i32.const 0)) (global $size3 (mut i32) (i32.const 0))

  (func $keepText (param $func i32)
    (if (call $outOfUse (local.get $func)) (then (global.set $texts (i32.const -1)) (return)))
    ;; The newest goes first; places that are not taken have no size.
    (global.set $addr3 (global.get $addr2)) (global.set $size3 (global.get $size2))
    (global.set $addr2 (global.get $addr1)) (global.set $size2 (global.get $size1))
    (global.set $addr1 (global.get $addr0)) (global.set $size1 (global.get $size0))
    (global.set $addr0 (global.get $addr)) (global.set $size0 (global.get $size))
    (global.set $texts
      (select
        (i32.add (global.get $texts) (i32.const 1))
        (i32.const -1)
        (i32.lt_s (global.get $texts) (i32.const 4)))))

  (func $findTexts
    (local $objs i32) (local $obj i32) (local $objAt i32) (local $funcs i32) (local $func i32)
    (global.set $texts (i32.const -1))
    (global.set $size0 (i32.const 0)) (global.set $size1 (i32.const 0))
    (global.set $size2 (i32.const 0)) (global.set $size3 (i32.const 0))
    (local.set $obj (i32.load (global.get $transitionPatchAt)))
    (if (call $wild (local.get $obj)) (then (return)))
    (local.set $objs (i32.add (local.get $obj) (i32.const @words.KLP_PATCH.objList)))
    (local.set $obj (i32.load offset=@LIST.next (i32.shl (local.get $objs) (i32.const 2))))
    (global.set $texts (i32.const 0))
    (block $last
      (loop $nextObj
        (br_if $last (i32.eq (local.get $obj) (local.get $objs)))
        (if (call $wild (local.get $obj)) (then (global.set $texts (i32.const -1)) (return)))
        (local.set $objAt (i32.shl (local.get $obj) (i32.const 2)))
        (if (i32.load offset=@KLP_OBJECT.patched (local.get $objAt))
          (then
            (local.set $funcs (i32.add (local.get $obj) (i32.const @words.KLP_OBJECT.funcList)))
            (local.set $func (i32.load offset=@LIST.next (i32.shl (local.get $funcs) (i32.const 2))))
            (block $lastFunc
              (loop $nextOne
                (br_if $lastFunc (i32.eq (local.get $func) (local.get $funcs)))
                (if (call $wild (local.get $func)) (then (global.set $texts (i32.const -1)) (return)))
                (call $keepText (local.get $func))
                (br_if $last (i32.lt_s (global.get $texts) (i32.const 0)))
                (local.set $func (i32.load offset=@LIST.next (i32.shl (local.get $func) (i32.const 2))))
                (br $nextOne)))))
        (local.set $obj (i32.load offset=@LIST.next (local.get $objAt)))
        (br $nextObj))))

  ;; Whether a task of the pass was refused; how many tasks ahead have been fetched.
  (global $refused (mut i32) (i32.const 0))
  (global $ahead (mut i32) (i32.const 0))
  (global $fetched (mut i32) (i32.const 0))

  ;; Bring the words of the next 32 tasks into the cache, all at once: a locked instruction waits for each load before it, so
  ;; that tasks which come one by one wait for memory one by one. Tasks mostly follow each other at one distance; where they do not,
  ;; other words are read, and what is read does not matter.
  (func $fetch (param $task i32) (param $next i32)
    (local $stride i32) (local $left i32) (local $sum i32) (local $at i32)
    (local.set $stride (i32.sub (local.get $next) (local.get $task)))
    (local.set $left (i32.const 32))
    (block $done
      (loop $more
        (br_if $done (call $wild (local.get $next)))
        (local.set $at (i32.shl (local.get $next) (i32.const 2)))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=@TASK.patchState (local.get $at))))
        (local.set $next (i32.add (local.get $next) (local.get $stride)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $more (local.get $left))))
    (global.set $fetched (local.get $sum)))

  ;; The loop over the task list in klp_try_complete_transition(), from $task on, $held being unlocked first.
  ;;
  ;; $mode: 1 = come back after each task that was switched, its lock held; 2 = a new pass begins.
  ;; Result: a task, whose address is a multiple of 16, and why: 1 switched and still locked, 2 the port has to look, 3 it has
  ;; to look and the task is still locked, 4 the task's link leads nowhere. Without a task the list is at its end: 0 all are in the
  ;; target state, 8 some are not.
  (func (export "klpTrySwitchTasks") (param $task i32) (param $held i32) (param $current i32) (param $mode i32) (result i32)
    (local $at i32) (local $found i32) (local $last i32)
    (if (local.get $held) (then (call $unlock (local.get $held))))
    (if (i32.and (local.get $mode) (i32.const 2)) 
      (then (call $findTexts) (global.set $refused (i32.const 0)) (global.set $ahead (i32.const 0))))
    (local.set $last (local.get $held))
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $task)))
        (local.set $at (i32.shl (local.get $task) (i32.const 2)))
        (if (i32.eqz (global.get $ahead))
          (then
            (call $fetch (local.get $task) (i32.load offset=@TASK.tasksNext (local.get $at)))
            (global.set $ahead (i32.const 32))))
        (global.set $ahead (i32.sub (global.get $ahead) (i32.const 1)))
        (local.set $found (call $trySwitchTask (local.get $task) (local.get $current) (i32.ge_s (global.get $texts) (i32.const 0))))
        (if (i32.eq (local.get $found) (i32.const 2))
          (then
            (if (i32.and (local.get $mode) (i32.const 1))
              (then (return (i32.or (local.get $task) (i32.const 1)))))
            (call $unlock (local.get $task)))
          (else
            (if (i32.eqz (local.get $found))
              (then
                (global.set $refused (i32.const 8))
                (call $unlock (local.get $task))))
            (if (i32.lt_s (local.get $found) (i32.const 0))
              (then (return (i32.or (local.get $task) (i32.sub (i32.const 1) (local.get $found))))))))
        (local.set $last (local.get $task))
        (local.set $task (i32.load offset=@TASK.tasksNext (local.get $at)))
        (br_if $next (i32.eqz (i32.or
          (call $wild (local.get $task))
          (i32.and (local.get $task) (i32.const 15)))))
        (br_if $next (i32.eqz (local.get $task)))
        (return (i32.or (local.get $last) (i32.const 4)))))
    (global.get $refused))

  (func (export "klpTrySwitchTask") (param $task i32) (param $current i32) (result i32)
    (call $trySwitchTask (local.get $task) (local.get $current) (i32.const 0)))

  ;; $isKnown: the texts that go out of use are those that the pass has found.
  (func $trySwitchTask (param $task i32) (param $current i32) (param $isKnown i32) (result i32)
    (local $hit i32) (local $at i32) (local $state i32) (local $end i32) (local $from i32) (local $to i32)
    (local $objs i32) (local $obj i32) (local $objAt i32) (local $funcs i32) (local $func i32)
    (local.set $at (i32.shl (local.get $task) (i32.const 2)))
    (if (i32.eq (i32.load offset=@TASK.patchState (local.get $at)) (i32.load (global.get $targetAt)))
      (then (return (i32.const 1))))
    ;; The current task is checked without a lock, and a lock that is held is waited for.
    (if (i32.eq (local.get $task) (local.get $current)) (then (return (i32.const -1))))

    ;; task_call_func(): pi_lock holds wake-ups off (O-22).
    (if (i32.atomic.rmw.cmpxchg offset=@TASK.piLock (local.get $at) (i32.const 0) (i32.const 1))
      (then (return (i32.const -1))))
    ;; The acquire stands for smp_rmb(), state before on_rq: pairs with the run-queue lock in activateTask().
    (local.set $state (i32.atomic.load offset=@TASK.state (local.get $at)))
    (if (i32.or (i32.eqz (local.get $state)) (i32.eq (local.get $state) (i32.const @TASK_WAKING)))
      (then (return (i32.const -2))))
    ;; Likewise for smp_rmb(), on_rq before on_cpu.
    (if (i32.atomic.load offset=@TASK.onRq (local.get $at)) (then (return (i32.const -2))))
    ;; Pairs with the release in scheduleNext(): the stack is complete.
    (if (i32.atomic.load offset=@TASK.onCpu (local.get $at)) (then (return (i32.const -2))))

    ;; klp_check_and_switch_task(): task_curr().
    (if (i32.eq
          (i32.load offset=@PERCPU.curr
            (i32.add
              (global.get $percpuAt)
              (i32.mul (i32.load offset=@TASK.cpu (local.get $at)) (i32.const @PERCPU.size))))
          (local.get $task))
      (then (return (i32.const -2))))

    ;; stack_trace_save_tsk_reliable(): newest address first; none in user mode and for idle tasks.
    (local.set $end (global.get $entriesAt))
    (block $walked
      (br_if $walked (i32.lt_u (local.get $at) (global.get $firstTaskAt)))
      (br_if $walked (i32.load offset=@TASK.userMode (local.get $at)))
      (if (i32.load offset=@TASK.unreliable (local.get $at)) (then (return (i32.const -2))))
      (local.set $from (i32.load offset=@TASK.depth (local.get $at)))
      (if (i32.ge_u (local.get $from) (i32.const @DEEPEST)) (then (return (i32.const -2))))
      (local.set $to (i32.add (local.get $at) (i32.const @TASK.size)))
      (local.set $from (i32.add (local.get $to) (i32.shl (local.get $from) (i32.const 2))))
      (local.set $state (i32.load offset=@TASK.pc (local.get $at)))
      (loop $next
        (i32.store (local.get $end) (local.get $state))
        (local.set $end (i32.add (local.get $end) (i32.const 4)))
        ;; Whether it lies in one of the texts of the pass.
        (local.set $hit
          (i32.or (local.get $hit) (i32.or
            (i32.or
              (i32.lt_u (i32.sub (local.get $state) (global.get $addr0)) (global.get $size0))
              (i32.lt_u (i32.sub (local.get $state) (global.get $addr1)) (global.get $size1)))
            (i32.or
              (i32.lt_u (i32.sub (local.get $state) (global.get $addr2)) (global.get $size2))
              (i32.lt_u (i32.sub (local.get $state) (global.get $addr3)) (global.get $size3))))))
        (br_if $walked (i32.eq (local.get $from) (local.get $to)))
        (local.set $from (i32.sub (local.get $from) (i32.const 4)))
        (local.set $state (i32.load (local.get $from)))
        (if (i32.eqz (local.get $state)) (then (return (i32.const -2))))
        (br $next)))

    ;; klp_check_stack().
    (block $checked
    (if (local.get $isKnown)
      (then
        (br_if $checked (i32.eqz (local.get $hit)))
        (return (i32.const 0))))
    (local.set $obj (i32.load (global.get $transitionPatchAt)))
    (if (call $wild (local.get $obj)) (then (return (i32.const -2))))
    (local.set $objs (i32.add (local.get $obj) (i32.const @words.KLP_PATCH.objList)))
    (local.set $obj (i32.load offset=@LIST.next (i32.shl (local.get $objs) (i32.const 2))))
    (block $clean
      (loop $nextObj
        (br_if $clean (i32.eq (local.get $obj) (local.get $objs)))
        (if (call $wild (local.get $obj)) (then (return (i32.const -2))))
        (local.set $objAt (i32.shl (local.get $obj) (i32.const 2)))
        (if (i32.load offset=@KLP_OBJECT.patched (local.get $objAt))
          (then
            (local.set $funcs (i32.add (local.get $obj) (i32.const @words.KLP_OBJECT.funcList)))
            (local.set $func (i32.load offset=@LIST.next (i32.shl (local.get $funcs) (i32.const 2))))
            (block $last
              (loop $nextFunc
                (br_if $last (i32.eq (local.get $func) (local.get $funcs)))
                (if (call $wild (local.get $func)) (then (return (i32.const -2))))
                (if (call $outOfUse (local.get $func)) (then (return (i32.const -2))))
                (if (call $onStack (local.get $end)) (then (return (i32.const 0))))
                (local.set $func (i32.load offset=@LIST.next (i32.shl (local.get $func) (i32.const 2))))
                (br $nextFunc)))))
        (local.set $obj (i32.load offset=@LIST.next (local.get $objAt)))
        (br $nextObj))))

    (drop (i32.atomic.rmw.and offset=@TASK.tiFlags (local.get $at) (i32.const @NOT_PATCH_PENDING)))
    (i32.store offset=@TASK.patchState (local.get $at) (i32.load (global.get $targetAt)))
    (i32.const 2)))

;; klp_ftrace_handler() in one call: the decision of the TypeScript port in src/livepatch/patch.ts, which is the reference.
;;
;; `@STRUCT.field` is a byte offset that the build puts in; addresses are word indices, as everywhere outside this file.
;; `@RMB` and `@ACQUIRE_LOAD` are how this variant orders one load before the next: see variants.ts.
;;
;; Result: the address of the code to run, or 0 = leave the instruction pointer alone. Negative: something to WARN about,
;; which the TypeScript side does (see wasm-handler.ts): -1 recursion, -2 empty stack, -3 undefined patch state and the
;; original, -4 an address that no kernel survives, and less than that, undefined patch state and the code at minus it.
;;
;; `@CHOOSE` takes the code of the version that was found. It stands here twice, so that a call outside transitions does not
;; look whether the patch state was undefined. A word at a fixed place in the code can stand in for its address: then results
;; above 0 are that word and 5.
;;
;; `@PREEMPT_AT`, this CPU's count, and `@LIMIT`, the number of addresses from the first valid one on at which a func can
;; lie, are put in when a CPU boots: constants are what the engine makes the most of.
(module
  (import "klp" "memory" (memory 1 65536 shared))

  (func (export "klpFtraceHandler") (param $fops i32) (param $current i32) (result i32)
    (local $stack i32) (local $node i32) (local $at i32) (local $state i32) (local $preempt i32) (local $recursion i32) (local $result i32)
    (local.set $stack (i32.add (local.get $fops) (i32.const @KLP_OPS.fopsToStack)))
    (local.set $current (i32.shl (local.get $current) (i32.const 2)))

    ;; ftrace_test_recursion_trylock(): refuse a recursion of the task, then disable preemption (O-17).
    (local.set $recursion (i32.load offset=@TASK.traceRecursion (local.get $current)))
    (if (i32.and (local.get $recursion) (i32.const 1))
      (then (return (i32.const -1))))
    (i32.store offset=@TASK.traceRecursion (local.get $current)
      (i32.or (local.get $recursion) (i32.const 1)))
    (local.set $preempt (i32.load (i32.const @PREEMPT_AT)))
    (i32.store (i32.const @PREEMPT_AT)
      (i32.add (local.get $preempt) (i32.const 1)))

    (block $unlock
      ;; rcu_dereference() of the head: pairs with listAddRcu() in klpPatchFunc() (O-11 with O-12).
      (local.set $node
        (@ACQUIRE_LOAD offset=@LIST.next (i32.shl (local.get $stack) (i32.const 2))))
      (if (i32.eq (local.get $node) (local.get $stack))
        (then (local.set $result (i32.const -2)) (br $unlock)))
      (if (i32.ge_u (i32.sub (local.get $node) (i32.const @KLP_FUNC.firstValidNode)) (i32.const @LIMIT))
        (then (local.set $result (i32.const -4)) (br $unlock)))
      (local.set $at (i32.shl (local.get $node) (i32.const 2)))

      ;; func_stack before func->transition: pairs with the smpWmb() of __klpEnablePatch() (O-09 with O-03).
      @RMB

      (block $choose
        (br_if $choose (i32.eqz (@ACQUIRE_LOAD offset=@KLP_FUNC.transition (local.get $at))))
        ;; func->transition before patch_state: pairs with the smpWmb() of klpInitTransition() (O-10 with O-01).
        @RMB
        (local.set $state (i32.load offset=@TASK.patchState (local.get $current)))
        (if (i32.eqz (local.get $state))
          (then
            ;; KLP_UNPATCHED: the next older version. A removed entry keeps its link (O-13).
            (local.set $node (i32.load offset=@LIST.next (local.get $at)))
            (br_if $unlock (i32.eq (local.get $node) (local.get $stack)))
            (if (i32.ge_u (i32.sub (local.get $node) (i32.const @KLP_FUNC.firstValidNode)) (i32.const @LIMIT))
              (then (local.set $result (i32.const -4)) (br $unlock)))
            (local.set $at (i32.shl (local.get $node) (i32.const 2)))))
        (br_if $choose (i32.ne (local.get $state) (i32.const -1)))
        @CHOOSE
        (local.set $result
          (select
            (i32.sub (i32.const 0) (local.get $result))
            (i32.const -3)
            (local.get $result)))
        (br $unlock))
      @CHOOSE)

    ;; ftrace_test_recursion_unlock(), which enables preemption again.
    (i32.store (i32.const @PREEMPT_AT) (local.get $preempt))
    (i32.store offset=@TASK.traceRecursion (local.get $current) (local.get $recursion))
    (local.get $result)))

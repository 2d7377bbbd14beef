;; What any WebAssembly handler costs at the least: the call, and the call with the handler's reads.
(module
  (import "klp" "memory" (memory 1 65536 shared))

  ;; The call alone. Its result is that of the handler.
  (func (export "nothing") (param $decision i32) (param i32) (result i32)
    (local.get $decision))

  ;; All that the handler reads outside transitions, in its order, and nothing else: no lock, no check of an address.
  (func (export "reads") (param $fops i32) (param i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.shl
        (@ACQUIRE_LOAD offset=@LIST.next
          (i32.shl (i32.add (local.get $fops) (i32.const @KLP_OPS.fopsToStack)) (i32.const 2)))
        (i32.const 2)))
    @RMB
    (if (@ACQUIRE_LOAD offset=@KLP_FUNC.transition (local.get $at))
      (then (return (i32.const -1))))
    (if (i32.load offset=@KLP_FUNC.nop (local.get $at))
      (then (return (i32.const 0))))
    (i32.add
      (i32.load offset=@WORD
        (i32.shl (i32.load offset=@KLP_FUNC.newFunc (local.get $at)) (i32.const 2)))
      (i32.const @FIRST_WORD))))

;; One function for each access that kernel code makes. Addresses are word indices; WebAssembly addresses bytes.
;; Relaxed accesses are plain loads and stores: an aligned 32-bit access is single-copy atomic on every processor that
;; Node runs on, and the engine does not see into the callers, so it cannot merge or repeat them. WebAssembly atomics are
;; sequentially consistent; nothing between them and plain exists, so acquire, release and every RMW uses those.
(module
  (import "klp" "memory" (memory 1 65536 shared))

  (func (export "load") (param $a i32) (result i32)
    (i32.load (i32.shl (local.get $a) (i32.const 2))))
  (func (export "store") (param $a i32) (param $v i32)
    (i32.store (i32.shl (local.get $a) (i32.const 2)) (local.get $v)))

  (func (export "loadAtomic") (param $a i32) (result i32)
    (i32.atomic.load (i32.shl (local.get $a) (i32.const 2))))
  (func (export "storeAtomic") (param $a i32) (param $v i32)
    (i32.atomic.store (i32.shl (local.get $a) (i32.const 2)) (local.get $v)))

  (func (export "fence")
    (atomic.fence))

  (func (export "exchange") (param $a i32) (param $v i32) (result i32)
    (i32.atomic.rmw.xchg (i32.shl (local.get $a) (i32.const 2)) (local.get $v)))
  (func (export "compareExchange") (param $a i32) (param $expected i32) (param $v i32) (result i32)
    (i32.atomic.rmw.cmpxchg (i32.shl (local.get $a) (i32.const 2)) (local.get $expected) (local.get $v)))
  (func (export "add") (param $a i32) (param $v i32) (result i32)
    (i32.atomic.rmw.add (i32.shl (local.get $a) (i32.const 2)) (local.get $v)))
  (func (export "or") (param $a i32) (param $v i32) (result i32)
    (i32.atomic.rmw.or (i32.shl (local.get $a) (i32.const 2)) (local.get $v)))
  (func (export "and") (param $a i32) (param $v i32) (result i32)
    (i32.atomic.rmw.and (i32.shl (local.get $a) (i32.const 2)) (local.get $v))))

/** Code at the top of a module, and an expression over it: what instrumented code makes of it is what the language makes of it. */
export const LANGUAGE_CASES: readonly (readonly [top: string, expression: string])[] = [
  ['class A { static #m = new Map([[1, 2]]); static get(k) { return A.#m.get(k); } }', 'A.get(1)'],
  [
    'class A { static m = new Map([[1, 2]]); static list = [1, 2].map((x) => x * 2); }',
    'A.m.get(1) + A.list[1]',
  ],
  [
    'class A { static x; static { A.x = [3, 4].map((x) => x + 1); for (const y of [1]) this.y = y; } }',
    'A.x[0] + A.y',
  ],
  ['const f = (x) => x + 1; class A { static x = f(2); static y = this.x + f(1); }', 'A.x + A.y'],
  ['class A { static make = () => new A(); v = 5; }', 'A.make().v'],
  ['class A { static self = () => this; }', 'A.self() === A'],
  [
    'let n = 0; const k = () => `m${++n}`; class A { [k()]() { return 1; } [k()]() { return 2; } static [k()]() { return 3; } }',
    'new A().m1() + new A().m2() * 10 + A.m3() * 100 + n * 1000',
  ],
  ['let t; class A { [(t = function () { return 7; }, "go")]() { return t(); } }', 'new A().go()'],
  [
    'const K = Symbol("k"); class A { async [K]() { return 3; } *[Symbol.iterator]() { yield 1; yield 2; } }',
    '[...new A()].length',
  ],
  [
    'const o = { [[1, 2].map((x) => x).join("_")]() { return 4; }, async [`a${1}`]() { return 1; } };',
    'o["1_2"]() + Object.keys(o).length',
  ],
  ['class A { static async #load(x) { return x; } static go() { return 5; } }', 'A.go()'],
  [
    'class A { async #load(x) { return x + 1; } async go() { return await this.#load(1); } }',
    'typeof new A().go().then',
  ],
  [
    'class A { *#gen() { yield 1; yield 2; } all() { return [...this.#gen()]; } }',
    'new A().all().length',
  ],
  [
    'class A { get #v() { return 3; } set #v(x) { this.w = x; } go() { this.#v = this.#v + 1; return this.w; } }',
    'new A().go()',
  ],
  [
    'class A { #x = 1; static is(o) { return #x in o; } bump() { this.#x += 2; this.#x++; this.#x ||= 9; this.#x &&= this.#x * 2; return this.#x; } }',
    'A.is(new A()) + new A().bump()',
  ],
  [
    'class A { constructor() { return new Proxy(this, { get: (t, k) => k === "z" ? 26 : t[k] }); } y = 25; }',
    'new A().z + new A().y',
  ],
  [
    'const o = { get a() { return 1; }, set a(v) { this.b = v; }, async *c() { yield 1; }, ["d" + 1]: (x) => x };',
    '(o.a = 5, o.b + o.a + o.d1(1))',
  ],
  [
    'function* g() { const x = yield 1; const y = yield x + 1; return x + y; }',
    '(() => { const i = g(); i.next(); return [i.next(4).value, i.next(5).value]; })().join()',
  ],
  [
    'function* g() { try { yield 1; yield 2; } finally { g.done = true; } }',
    '(() => { for (const x of g()) break; return g.done; })()',
  ],
  [
    'function* inner() { const r = yield* [1, 2]; return 3; } function* g() { const r = yield* inner(); yield r; }',
    '[...g()].join()',
  ],
  [
    'const compose = (...fs) => (x) => fs.reduce((a, f) => f(a), x);',
    'compose((x) => x + 1, (x) => x * 3)(2)',
  ],
  [
    'const memo = (f, m = new Map()) => (k) => m.has(k) ? m.get(k) : (m.set(k, f(k)), m.get(k));',
    'memo((x) => x * x)(7)',
  ],
  ['const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2);', 'fib(10)'],
  ['function tag(s, ...v) { return s.raw.join("|") + v.join(); }', 'tag`a${1}b${2}c`'],
  ['const o = { a: { b: null } };', '`${o?.a?.b?.c ?? "none"}${o.x?.()}${o.a?.["b"]}`'],
  [
    'label: for (const x of [1, 2, 3]) { for (const y of [1, 2, 3]) { if (y === 2) continue label; if (x === 3) break label; } }',
    '1',
  ],
  ['const r = []; for (let i = 0; i < 3; i++) r.push(() => i);', 'r.map((f) => f()).join()'],
  [
    'const r = []; for (const k in { a: 1, b: 2 }) r.push(k); do { r.push("x"); } while (r.length < 5);',
    'r.join()',
  ],
  [
    'function sw(x) { switch (x) { case 1: return "one"; case [2][0]: { return "two"; } default: return "many"; } }',
    'sw(1) + sw(2) + sw(3)',
  ],
  ['const e = (() => { try { null.x; } catch { return 1; } finally { } })();', 'e'],
  ['const e = (() => { try { return 1; } finally { [1].forEach(() => 0); } })();', 'e'],
  [
    'class B { hi() { return "b"; } static s() { return "S"; } get v() { return 2; } } class D extends B { hi() { return super.hi() + "d"; } static s() { return super.s() + "T"; } get v() { return super.v + 1; } m = () => super.hi(); }',
    'new D().hi() + D.s() + new D().v + new D().m()',
  ],
  [
    'class E extends Error { constructor(m, o) { super(m, o); this.name = "E"; } } ',
    '(() => { try { throw new E("x", { cause: 1 }); } catch (e) { return `${e}` + e.cause + (e instanceof E); } })()',
  ],
  [
    'class L extends Array { sum() { return this.reduce((a, b) => a + b, 0); } }',
    'L.from([1, 2, 3]).map((x) => x * 2).sum()',
  ],
  [
    'class M extends Map { bump(k) { this.set(k, (this.get(k) ?? 0) + 1); return this; } }',
    'new M([["a", 1]]).bump("a").get("a")',
  ],
  [
    'function Old(x) { if (!(this instanceof Old)) return new Old(x); this.x = x; } Old.prototype.go = function () { return this.x; }; Object.defineProperty(Old.prototype, "y", { get() { return this.x * 2; } });',
    'Old(4).go() + new Old(2).y',
  ],
  ['const bound = function (a, b) { return this.k + a + b; }.bind({ k: 1 }, 2);', 'bound(3)'],
  [
    'const o = { f() { return arguments.length + this.n; }, n: 1 };',
    'o.f(1, 2) + o.f.call({ n: 5 }) + o.f.apply({ n: 6 }, [1])',
  ],
  ['const d = new Date(2020, 1, 1); ', 'd.getFullYear()'],
  [
    'const s = JSON.stringify({ a: [1, { b: 2 }], toJSON() { return { z: 1 }; } }); const p = JSON.parse("[1,2,{\\"a\\":3}]", (k, v) => typeof v === "number" ? v + 1 : v);',
    's + p[2].a',
  ],
  [
    'const m = "a1b22".replace(/\\d+/g, (x) => `<${x}>`); const a = [..."a1b2".matchAll(/[a-z](\\d)/g)].map(([, d]) => d);',
    'm + a.join()',
  ],
  [
    'const a = [3, 1, 2].sort((x, y) => x - y).flatMap((x) => [x, x]).reduceRight((acc, x) => acc + x, "");',
    'a',
  ],
  [
    'const w = new WeakMap(); const key = {}; w.set(key, 1); const st = new Set([1, 2, 2]); ',
    'w.get(key) + st.size + [...new Map([[1, 2]]).entries()][0][1]',
  ],
  [
    'const g = Object.groupBy ? 1 : 1; const e = Object.fromEntries(Object.entries({ a: 1 }).map(([k, v]) => [k, v + 1])); ',
    'e.a + g',
  ],
  [
    'const it = { from: 1, to: 3, [Symbol.iterator]() { let c = this.from, t = this.to; return { next: () => c <= t ? { value: c++, done: false } : { value: undefined, done: true } }; } };',
    '[...it].join() + Math.max(...it)',
  ],
  [
    'var v = 1; { function v2() { return 2; } } var { a = 5, ...rest } = { b: 1, c: 2 }; let [x, , y = 9, ...z] = [1, 2, undefined, 4, 5];',
    'v + a + rest.c + x + y + z.length',
  ],
  [
    'const big = 2n ** 64n; let n = 5; n **= 2; n >>>= 1; let q = null; q ??= 3;',
    '`${big}${n}${q}`',
  ],
  [
    'export default class Foo { static bar = 1; } export { Foo as Baz }; export const late = () => Foo.bar;',
    'late()',
  ],
  [
    'const prox = new Proxy({}, { get: (_, k) => String(k) + "!", has: () => true });',
    'prox.hello + ("x" in prox)',
  ],
  [
    'const sym = { [Symbol.toPrimitive](hint) { return hint === "number" ? 42 : "str"; } };',
    '+sym + `${sym}`',
  ],
  [
    'async function af() { await null; return 1; } const afs = async () => { for await (const x of (async function* () { yield 1; })()) return x; };',
    'typeof af() + typeof afs()',
  ],
  [
    'const o = { "a-b": 1, "1_2": 2, get "x y"() { return 3; }, set "x y"(v) { this.z = v; } }; o["a-b"] += 1; o["1_2"]++; o["x y"] = 9; o["x y"] += 1;',
    'o["a-b"] + o["1_2"] + o["x y"] + o.z',
  ],
  [
    'class P { #v() { return 1; } go() { return this.#v(); } } class Q { #v = () => 5; go() { return this.#v(); } }',
    'new P().go() + new Q().go()',
  ],
  ['class P { static #n = 0; static next() { return ++P.#n; } static { P.next(); } }', 'P.next()'],
  [
    'class P { static async #load(x) { return x * 2; } static go() { let r; P.#load(2).then((v) => { r = v; }); return typeof P.#load; } }',
    'P.go()',
  ],
  [
    'class P { async *#feed() { yield 1; yield 2; } async sum() { let t = 0; for await (const x of this.#feed()) t += x; return t; } }',
    'typeof new P().sum().then',
  ],
  [
    'class P { *#walk(n) { if (n > 0) { yield n; yield* this.#walk(n - 1); } } list() { return [...this.#walk(3)]; } }',
    'new P().list().join()',
  ],
  [
    'function* g() { try { const x = yield* inner(); return x; } catch (e) { yield "c" + e; } } function* inner() { const got = yield 1; try { yield got * 2; } catch (e) { return "r" + e; } }',
    '(() => { const i = g(); return [i.next().value, i.next(4).value, i.throw("E").value].join(); })()',
  ],
  [
    'const log = []; function* g() { yield* inner(); } function* inner() { try { yield 1; } finally { log.push("f"); } }',
    '(() => { const i = g(); i.next(); const r = i.return(7); return [r.value, r.done, log.join()].join(); })()',
  ],
  [
    'const a = { n: 0 }; const b = [1, 2]; a.n += b[0] + (b[1] **= 3); a["n"] ??= 4; [b[0], b[1]] = [b[1], b[0]]; ({ n: a.m, ...a.rest } = { n: 1, q: 2 });',
    'a.n + b.join() + a.m + a.rest.q',
  ],
  [
    'class Node2 { constructor(v, next = null) { this.v = v; this.next = next; } *[Symbol.iterator]() { for (let n = this; n; n = n.next) yield n.v; } static of(...vs) { return vs.reduceRight((n, v) => new Node2(v, n), null); } }',
    '[...Node2.of(1, 2, 3)].join()',
  ],
  [
    'const handlers = { add: (a, b) => a + b, ["sub"](a, b) { return a - b; } }; const call = (k, ...args) => handlers[k]?.(...args) ?? "none";',
    'call("add", 1, 2) + call("sub", 5, 1) + call("nope")',
  ],
  [
    'class Emitter { #ls = new Map(); on(k, f) { (this.#ls.get(k) ?? this.#ls.set(k, []).get(k)).push(f); return this; } emit(k, ...a) { return (this.#ls.get(k) ?? []).map((f) => f.apply(this, a)); } }',
    'new Emitter().on("x", (v) => v + 1).on("x", function (v) { return this instanceof Emitter; }).emit("x", 1).join()',
  ],
  [
    'const p = [1, 2, 3].values(); const q = p.next().value; const arr = Array.from({ length: 3 }, (_, i) => i * q); const c = structuredClone(new Map([[1, { a: 1 }]]));',
    'arr.join() + c.get(1).a',
  ],
  [
    'function outer() { return inner.call(this, ...arguments); function inner(a, b = a + 1, ...c) { return a + b + c.length; } }',
    'outer(1) + outer(1, 2, 3)',
  ],
  ['const o = { valueOf: () => 3, toString: () => "s" };', 'o * 2 + `${o}` + [o] + (o > 2)'],
  ['const f = new Function("a", "b", "return a + b");', 'f(1, 2)'],
  [
    'class T { static [Symbol.hasInstance](x) { return x === 1; } } ',
    '(1 instanceof T) + (2 instanceof T)',
  ],
  [
    'class A { "quoted name"() { return 1; } 42() { return 2; } get [`k${1}`]() { return 3; } }',
    'new A()["quoted name"]() + new A()[42]() + new A().k1',
  ],
  ['let x = 0; const inc = () => ++x; const r = (inc(), inc(), x) + (x++ + ++x) - -x;', 'r'],
  ['const { a: { b = 2, c: [d = 3] = [] } = {}, ...e } = { f: 1 };', 'b + d + e.f'],
  [
    'const dbl = (x) => x * 2; const pipe = [dbl, (x) => x + 1]; let v = 1; for (const [i, f] of pipe.entries()) v = f(v) + i;',
    'v',
  ],
  [
    'const f = (x) => x + 1; class A{s=e=>{return this.t+f(e)}\n t=f(1)\n u=(f(2))\n v(){return this.u}}class B extends A{constructor(){super()}w=f(this.v())}',
    '[new A().s(3), new B().s(4), new B().w, new B().v()]',
  ],
  [
    'class A{x(){this.a=new Map,this.b=new Set([1]);const c=this.d=new A;return[this.a.size+this.b.size,c instanceof A,this.e??=new Map]}}',
    '[new A().x()[0], new A().x()[1], new A().x()[2].size, (new A).x()[0], new(class extends A{}), typeof new Date]',
  ],
  [
    'const twice = (x) => x * 2; class A { constructor(...p) { this.p = p.map(twice); } } class B extends A { constructor(...p) { super(0, ...p); } } const C = B.bind(null, 1);',
    '[new C(2).p, new C(2) instanceof B, new C() instanceof C, new (A.bind(1))(3).p, new (class extends C {})(4).p]',
  ],
  [
    'const k = "dyn"; const y = Symbol("sy"); const a = new Int32Array(1); const o = { f: () => 1, [k]: () => a[0], [k + 1]() { return a[0]; }, [y]: () => 2, async [k + 2]() {}, *[k + 3]() { yield a[0]; } }; class A { static m = () => 4; z = () => a[0]; [k]() { return a[0]; } [y]() { return a[0]; } } let q; q = function () { return 1; }; const { w = () => 2 } = {}; const g = () => 1;',
    '[o.f, o[k], o[k + 1], o[y], o[k + 2], o[k + 3], A.m, new A().z, new A()[k], new A()[y], q, w, g, (() => 1), class {}, o.f.bind()].map((f) => f.name).join()',
  ],
  [
    'const o = { p: {}, n: null, q: 1 }; const f = (...list) => list.length; const u = undefined; const iterator = (it) => ({ [Symbol.iterator]: () => it }); const tried = (f) => { try { return f(); } catch (e) { return String(e); } };',
    '[() => { const [x] = {}; }, () => { for (const x of {}); }, () => { const [x] = u; }, () => { const [x] = o.p; }, () => { for (const x of o.n); }, () => { for (const x of f(1)); }, () => { const [x] = f(1); }, () => { let x; [x] = f(1); }, () => [...o], () => [...o.q], () => f(...o), () => f(...u), () => new Map(5), () => new Set({}), () => { for (const x of iterator(1)); }, () => { for (const x of iterator({})); }, () => { for (const x of iterator({ next: () => 1 })); }, () => { const [x] = iterator({ next: () => 1 }); }].map(tried)',
  ],
  [
    'const f = (x) => x; class A { constructor() { this.all = [...arguments].map(f); this.n = arguments.length; this.g = () => arguments[1]; } } class B extends A { constructor(a, [b] = [9]) { super(...arguments, f(3)); this.b = [f(b), arguments.length, typeof arguments]; arguments[0] = 7; this.a = a; } }',
    '[new A(1, 2).all, new A(1, 2).g(), new A().n, new B(4, [5]).all, new B(4, [5]).b, new B().b, new B(4).a]',
  ],
  [
    'const M = class e { constructor(t) { this.v = t; } m(e) { return e + this.v; } static s(e) { return [e].map((x) => x); } }; const mix = (e) => class t extends e { constructor(t, e) { super([t].map((x) => x)[0]); this.w = [e][0]; } m(t) { return super.m(t) + [t][0]; } f = [1].map((t) => t); }; const T = mix(M), U = mix(T); for (const t of [1]) { class t extends M { constructor(t) { super(t); } } M.inner = t; }',
    '[new T(1, 2), new U(3, 4), new T(1).m(5), new U(1).m(5), T.s(3), new M.inner(6), T.name, U.name, M.inner.name, new T() instanceof U]',
  ],
  [
    'const plain = function (a, b) { return a + b; }; const dyn = (x) => { const [q] = x; return [...x, q]; }; async function as(a = () => 1, { b } = {}) { await a(); return b; } function* gen() { yield 1; } class A extends Object { static async s(x) { return await x; } get v() { return this.#p(); } #p() { return [...[1]]; } ["c" + 1](y) { return y(); } constructor(a) { super(); this.f = a?.(); } z = () => this.v; static q = (n) => n(); } const o = { m(a) { return a(); }, async n() { await 0; }, get g() { return [...[1]]; }, set h(v) { v(); }, *i() {}, ["k" + 1]() { return [...[1]]; }, p: x => x, async *j() {} }; const d = Object.getOwnPropertyDescriptor;',
    '[plain, dyn, as, gen, A, A.s, d(A.prototype, "v").get, A.prototype.c1, new A().z, A.q, o.m, o.n, d(o, "g").get, d(o, "h").set, o.i, o.k1, o.p, o.j, [].map, Array, new Function("a", "return a()"), class { a = 1; b() {} }, () => ({}), async x => x, async (x) => { await x; }].map(String)',
  ],
  [
    'const A = (async () => 0).constructor; async function d() {} const m = class { async m() {} static *g() {} }; const o = { async m() {}, *n() {}, async *p() {} };',
    '[() => 1, (x) => [...x], async () => 1, d, function* () {}, async function* () {}, m.prototype.m, m.g, o.m, o.n, o.p].map((f) => [Object.prototype.toString.call(f), f.constructor.name, f instanceof A, f.constructor === A, typeof f.prototype])',
  ],
  [
    'const o = { v: 5, f() { return [this.v].map((x) => x)[0]; }, g: { h() { return this.k; }, k: [6] } }; const a = new Int32Array(2);',
    '[(o.f)(), ((o.g)).h(), (o["f"])(), ((o.g.h))()[0], (o.g).k[0], (o).f(), (0, o.f).call({ v: 7 }), ((a))[1], (o.g.k).map((x) => x + 1)]',
  ],
  [
    'class B { m() { return 1; } } class A extends B { constructor(k) { if (k === 1) return; if (k === 2) return { z: 1 }; if (k === 3) return 5; if (k === 4) { const f = () => this; f(); } if (k === 5) this.x = 1; if (k === 6) super.m(); super(); if (k === 7) super(); if (k === 8) return null; this.k = k; } }',
    '[0, 1, 2, 3, 4, 5, 6, 7, 8].map((k) => { try { return JSON.stringify(new A(k)); } catch (e) { return e.name + e.message; } }).join()',
  ],
  [
    'function* g() { yield 1; } g.prototype.hello = () => 5; class K { *m() { yield 2; } }',
    '(() => { const i = g(); let refused = 0; for (const f of [g, new K().m]) try { new f(); } catch { refused++; } return [i.hello(), i instanceof g, String(i), new K().m() instanceof K.prototype.m, Object.keys(g.prototype), refused].join(); })()',
  ],
  [
    "function* inner() { try { yield 1; } finally { yield 2; } return 5; } function* outer() { const r = yield* inner(); yield r; } const it = { [Symbol.iterator]: () => ({ next: () => ({ value: 0 }), return: (v) => ({ value: 'R' + v, done: true }) }) }; function* over() { yield* it; }",
    '(() => { const i = outer(), j = over(), k = over(); j.next(); k.next(); const found = [i.next(), i.return(9), i.next(), i.next(), j.return(4), j.next()]; try { k.throw(1); } catch (e) { found.push(e.message); } return found; })()',
  ],
  [
    "const log = []; function* items() { for (let i = 0; i < 2; i++) { log.push('n' + i); yield [i, i]; } }",
    "(() => { Array.from(items(), (x) => log.push('m' + x[0])); let closed = 0; const endless = { [Symbol.iterator]: () => ({ next: () => ({ value: 5 }), return: () => { closed++; return {}; } }) }; for (const f of [() => new Map(endless), () => Array.from(endless, () => { throw new Error('f'); }), () => Array.from(null), () => new Set(5)]) try { f(); } catch (e) { log.push(e.message); } class M extends Array {} return [...log, closed, new Map(items()).get(1), M.from({ length: 2, 0: 'x' }).join('-')].join(); })()",
  ],
  [
    "function g(x) { switch (x) { case k(): return 'k'; case 0: return h(); default: return k(); case 1: function h() { return [1].map((y) => y).join(); } function k() { return 'k' + x; } } }",
    '[g(0), g(7), g(1)].join()',
  ],
  [
    'const r = new WeakRef({ q: 1 }), registry = new FinalizationRegistry(() => {}), token = {}; registry.register({}, 1, token);',
    '[r.deref().q, String(r), String(registry), registry.unregister(token), registry.unregister(token), (() => { try { new WeakRef(1); } catch (e) { return e.message; } })()].join()',
  ],
];

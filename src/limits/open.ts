import type { Limits } from './index.ts'

export function openLimits(): Limits {
  return {
    admit: () => {
      throw new TypeError('no limits yet')
    },
    line: { isOpen: false, length: 0, isSpokenFor: () => false, wait: () => Promise.resolve(null), nudge() {} },
    meets: () => null,
    use() {},
    rulesFor: () => [],
    report: () => Promise.resolve({ store: 'memory', state: 'ok', downSinceMs: null, waiting: 0, rules: [] }),
    state: 'ok',
    weighTokens: (prompt, _cached, completion) => prompt + completion,
    close: () => Promise.resolve(),
  }
}

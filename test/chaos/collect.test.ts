import { test } from 'node:test'
import { seedOfRun } from '../support/random.ts'
import { collectsTheBill } from './collect-audit.ts'
import { sharedFiles, simulatedHub } from './transports.ts'

// Finance reads one ledger for all replicas: whatever is killed, it must have what was billed, each call once.
for (const [name, transport] of [
  ['shared files', sharedFiles],
  ['a hub', simulatedHub],
] as const) {
  test(
    `P1 after kills of three replicas and their collector, which reads ${name}, its ledger agrees with the bill call by call`,
    {
      timeout: 3_600_000,
    },
    t => collectsTheBill(t, seedOfRun(), transport),
  )
}

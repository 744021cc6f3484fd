import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { auditPath } from '../audit/files.ts'
import type { AuditEntry } from '../audit/index.ts'
import { configSchema } from '../config/schema/index.ts'
import { testLedger } from '../ledger/exchange.fixture.ts'
import type { EraseCertificate } from '../ledger/privacy/index.ts'
import { fill, options } from '../ledger/privacy/person.fixture.ts'
import { silentLog } from '../log.ts'
import { buildHouse } from './open.ts'

const program = fileURLToPath(new URL('../ledger/privacy/erasing.fixture.ts', import.meta.url))

/** Orders an erasure in a process that kills itself at this moment. */
async function eraseAndDie(directory: string, moment: 'ordered' | 'certified'): Promise<void> {
  const child = spawn(process.execPath, [program, directory, moment], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL')
}

function finishedIn(directory: string): readonly AuditEntry[] {
  const path = auditPath(directory)
  const lines = readdirSync(path)
    .filter(name => name.endsWith('.jsonl'))
    .flatMap(name => readFileSync(join(path, name), 'utf8').split('\n'))
  const entries = lines.filter(line => line !== '').map(line => JSON.parse(line) as AuditEntry)
  return entries.filter(({ action }) => action === 'erasure_finished')
}

function certificateIn(directory: string): EraseCertificate {
  const path = join(directory, 'erasures')
  const [name = '', ...others] = readdirSync(path)
  assert.deepEqual([name.endsWith('.certificate.json'), others], [true, []])
  return (JSON.parse(readFileSync(join(path, name), 'utf8')) as { readonly content: EraseCertificate }).content
}

const left = {
  ordered: 'its plan',
  certified: 'a certificate that is not in the trail',
} as const

// Whoever asks a year later whether a person was forgotten is answered from the trail: a crash must not cost the entry.
for (const moment of ['ordered', 'certified'] as const) {
  test(`after a kill -9 that left ${left[moment]}, the next start has the end of an erasure in the trail, once`, async t => {
    const directory = join(temporaryDirectory('house'), 'ledger')
    const before = await testLedger(t, directory, options())
    await fill(before, 4)
    await before.close()
    await eraseAndDie(directory, moment)

    const config = configSchema.parse({
      gateway: { listen: '127.0.0.1:0' },
      admin: { listen: '127.0.0.1:0' },
      identity: { entra: { tenants: ['11111111-2222-3333-4444-555555555555'] } },
      instances: { east: { endpoint: 'https://east.example', credential: 'caller', deployments: {} } },
      workloads: {},
      ledger: { directory, retain: { bodies: '400d' } },
    })
    const house = await buildHouse(config, { log: silentLog })
    t.after(() => house.close())
    const [entry] = await eventually(
      'the entry',
      () => {
        const found = finishedIn(directory)
        return found.length > 0 ? found : null
      },
      60_000,
    )
    await house.close()
    const certificate = certificateIn(directory)
    assert.deepEqual(
      [entry?.outcome, entry?.reason, entry?.facts['erasure'], entry?.facts['records'], entry?.facts['certificate']],
      ['done', 'Request 7', certificate.id, 4, hash('sha256', JSON.stringify(certificate), 'hex')],
    )

    const again = await buildHouse(config, { log: silentLog })
    await again.close()
    assert.equal(finishedIn(directory).length, 1)
  })
}

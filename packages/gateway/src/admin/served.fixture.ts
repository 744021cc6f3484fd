/**
 * A management API in a process of its own, with an audit trail in a given directory: `node served.fixture.ts
 * DIRECTORY`. A token is `head.NAME.signature`. Prints its address, and ends when it is killed.
 */
import { demoDirectory } from '@gatehouse/simulator'
import { openAudit } from '../audit/open.ts'
import { systemClock } from '../clock.ts'
import { configSchema } from '../config/schema/index.ts'
import { testCaller } from '../identity/caller.fixture.ts'
import { IdentityError } from '../identity/errors.ts'
import { silentLog } from '../log.ts'
import { configInput } from './house.fixture.ts'
import { TestLedger } from './ledger.fixture.ts'
import { startAdmin } from './open.ts'
import { runningHouse } from './running.fixture.ts'

const config = configSchema.parse(configInput)
const [operator] = configInput.admin.roles.operator
const { tenantId } = demoDirectory
const parts = { clock: systemClock, log: silentLog }
const audit = await openAudit({
  ...parts,
  ledger: process.argv[2] ?? '',
  retainMs: () => config.ledger.retain.audit,
  segmentBytesMax: 20_000,
  // Every refusal has an entry of its own.
  refusals: { perMinute: 1e9, allPerMinute: 1e9, perDay: 1e9 },
})
const verify = (token: string) => {
  if (token === 'head.alice.signature') return testCaller({ tenantId, objectId: operator.user })
  if (token === 'head.dave.signature') return testCaller({ tenantId, objectId: '00000000-0000-4000-8000-00000000000d' })
  throw new IdentityError('token_malformed', 'No such person.')
}
const admin = await startAdmin({
  ...parts,
  audit,
  listen: { host: '127.0.0.1', port: 0 },
  verifier: { remembered: () => null, verify: async token => verify(token) },
  ledger: new TestLedger(),
  house: runningHouse(config),
  access: () => config.admin,
})
process.stdout.write(`${admin.url}\n`)

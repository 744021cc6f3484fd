/**
 * A process that erases a person until it is killed: `node erasing.fixture.ts DIRECTORY [ordered|certified]`. It goes
 * on with an erasure that another process has left, and orders one where there is none. It prints `ready`, and `done`
 * with its end. With `ordered` it kills itself when the plan is on the disk, with `certified` when the certificate is.
 */
import { dayMs, keptLog } from '../exchange.fixture.ts'
import { openLedger } from '../open.ts'
import { filterOf, options, start } from './person.fixture.ts'

const [directory = '', dies = ''] = process.argv.slice(2)
const die = (): void => void process.kill(process.pid, 'SIGKILL')
const ledger = await openLedger({
  directory,
  fsync: 1_000,
  retain: { records: 400 * dayMs, bodies: dayMs, archiveAfter: dayMs },
  counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
  ...options({ clock: () => start + 4 * dayMs }),
  log: keptLog(),
})
const end = (): void => void ledger.close().then(() => process.stdout.write('done\n'))
ledger.erasures.onDone(dies === 'certified' ? die : end)
process.stdout.write('ready\n')
await ledger.caughtUp()
if (ledger.erasures.list().length === 0) {
  await ledger.erasures.start(filterOf(), 'Request 7', 'user:t/o')
  if (dies === 'ordered') die()
} else if (ledger.erasures.list()[0]?.state === 'done') {
  end()
}

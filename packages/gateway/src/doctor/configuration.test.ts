import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { diagnose } from './diagnose.ts'
import { startSurroundings } from './doctor.fixture.ts'
import { nodeFindings } from './node.ts'

test('a configuration that cannot be used is a failure, and says that the other checks did not run', async t => {
  const { examine } = await startSurroundings(t)
  const findings = await examine(null, config => ({ ...config, workloads: { 'hr bot': { callers: [] } } }) as never)
  assert.ok(findings.some(({ check, level }) => check === 'configuration' && level === 'failure'))
  assert.match(findings.find(({ level }) => level === 'note')?.found ?? '', /other checks did not run/)
  assert.ok(!findings.some(({ check }) => check === 'instances'))
})

test('a file that is not there is a failure that says how to name or write one', async () => {
  const file = join('/nowhere', 'gatehouse.yaml')
  const { ok, findings } = await diagnose({ file, env: {}, only: null })
  assert.equal(ok, false)
  assert.match(findings[0]?.found ?? '', /there is no such file/)
  assert.match(findings[0]?.next ?? '', /--config.*gatehouse config init/)
})

test('a variable that is not set is a failure that names it', async t => {
  const { examine } = await startSurroundings(t)
  const findings = await examine('configuration', config => config, { env: {} })
  assert.equal(findings[0]?.level, 'failure')
  assert.match(findings[0]?.found ?? '', /KEY_OF_INSTANCE_2/)
})

test('a key that is written into the file is a warning that does not show it', async t => {
  const { examine } = await startSurroundings(t)
  const key = 'a-key-that-nobody-should-see-0123'
  const findings = await examine('configuration', config => {
    const instances = Object.entries(config.instances).map(([name, instance]) => [
      name,
      { ...instance, credential: { key } },
    ])
    return { ...config, instances: Object.fromEntries(instances) }
  })
  assert.equal(findings[0]?.level, 'warning')
  assert.ok(!JSON.stringify(findings).includes(key))
})

test('a column that a feed does not have is a failure', async t => {
  const { examine, directory } = await startSurroundings(t)
  const archive = { kind: 'files', directory: join(directory, 'archive'), columns: ['no_such_column'] } as const
  const findings = await examine(null, config => ({
    ...config,
    feeds: { archive: { ...archive, columns: ['nothing'] } },
  }))
  assert.equal(findings[0]?.level, 'failure')
  assert.match(findings[0]?.found ?? '', /feeds\.archive\.columns/)
})

test('a Node that is too old is a failure', () => {
  assert.equal(nodeFindings('22.11.0')[0]?.level, 'failure')
  assert.equal(nodeFindings('26.0.0')[0]?.level, 'ok')
})

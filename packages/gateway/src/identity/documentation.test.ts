import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { azureCliClientId } from '@gatehouse/simulator'
import { parse } from 'yaml'
import { configSchema } from '../config/schema/index.ts'

const read = (path: string): Promise<string> => readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8')

function blocks(text: string, language: string): readonly string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, of, body]) =>
    of === language ? [body ?? ''] : [],
  )
}

interface Manifest {
  readonly api: {
    readonly requestedAccessTokenVersion?: number
    readonly oauth2PermissionScopes?: readonly { readonly id: string }[]
    readonly preAuthorizedApplications?: readonly {
      readonly appId: string
      readonly delegatedPermissionIds: string[]
    }[]
  }
  readonly appRoles?: readonly { readonly id: string }[]
}

// A mistake in a set-up that readers copy would fail in their tenants, without a visible reason.
test('N-K2 the examples of docs/entra.md are well-formed and fit together', async () => {
  const text = await read('docs/entra.md')
  const configurations = blocks(text, 'yaml')
  assert.equal(configurations.length, 2)
  for (const written of configurations) configSchema.shape.identity.parse(parse(written).identity)
  const [manifest, clients] = blocks(text, 'json').map(one => JSON.parse(one) as Manifest)
  const scope = manifest?.api.oauth2PermissionScopes?.[0]?.id
  assert.deepEqual(clients?.api.preAuthorizedApplications, [
    { appId: azureCliClientId, delegatedPermissionIds: [scope] },
  ])
  const roleId = manifest?.appRoles?.[0]?.id ?? 'none'
  for (const id of [scope ?? 'none', roleId])
    assert.ok(
      blocks(text, 'sh').some(one => one.includes(id)),
      id,
    )
  for (const script of blocks(text, 'sh')) {
    const checked = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })
    assert.equal(checked.status, 0, `${script}\n${checked.stderr}`)
  }
  for (const said of ['Cognitive Services OpenAI User', 'groupMembershipClaims', 'User.Read.All', 'private-endpoint']) {
    assert.ok(text.includes(said), said)
  }
  for (const path of ['README.md', 'packages/gateway/gatehouse.example.yaml', 'docs/clients/README.md']) {
    assert.ok((await read(path)).includes('entra.md'), path)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBindings } from './bindings.ts'
import { providerSchemas } from './schema.ts'

const docs = 'https://registry.example/providers/contoso/example/1.0.0/docs'

// An argument under a wrong name is refused where it is written rightly, and its wrong name is accepted.
test('an argument has the name of the link to its documentation, whatever its description says', () => {
  const { attributes } = readBindings(`
export interface ExampleProviderConfig {
    /**
    * Base64 encoded PKCS#12 certificate bundle
    *
    * Docs: {@link ${docs}#client_certificate ExampleProvider#client_certificate}
    */
    readonly clientCertificate?: string;
    /**
    * Docs: {@link ${docs}#tenant_id ExampleProvider#tenant_id}
    */
    readonly tenantId: string;
}
`)
  assert.deepEqual(attributes, {
    client_certificate: { type: 'string', use: 'optional' },
    tenant_id: { type: 'string', use: 'required' },
  })
})

test('every provider that is configured here takes the certificate of an application', () => {
  const schemas = providerSchemas()
  assert.equal(schemas.length, 3)
  for (const { source, configuration } of schemas) {
    assert.ok('client_certificate' in configuration.attributes, source)
    for (const name of Object.keys(configuration.attributes)) assert.match(name, /^[a-z][a-z0-9_]*$/, source)
  }
})

// An application signs in with Microsoft's own library and calls the gateway with its token. Tenant, client and secret
// come from AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, as @azure/identity reads them. In a checkout of
// Gatehouse the library is there; elsewhere: npm install @azure/identity
//   node examples/sign-in.mjs ENDPOINT AUDIENCE [AUTHORITY]
import { EnvironmentCredential } from '@azure/identity'

const [, , endpoint, audience, authorityHost] = process.argv
if (audience === undefined) throw new TypeError('node examples/sign-in.mjs ENDPOINT AUDIENCE [AUTHORITY]')
// Another authority than Microsoft's is a simulated one, which Microsoft's list of authorities does not know.
const simulated = authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: true }
const { token } = await new EnvironmentCredential(simulated).getToken(`${audience}/.default`)
const answer = await fetch(`${endpoint}/openai/v1/chat/completions`, {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'Who can explain our pricing model to a customer in Japan?' }],
  }),
})
const { choices, error } = await answer.json()
if (error !== undefined) throw new Error(`${answer.status} ${error.code}: ${error.message}`)
console.log(choices[0].message.content)

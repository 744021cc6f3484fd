/** Lines that call what was started with OpenAI's own clients, for a POSIX shell. */
import { modelFacts } from '../azure/models.ts'
import type { AzureSimulator, Directory, EntraSimulator, SimulatedDeployment } from '../types.ts'

export interface PasteLine {
  readonly title: string
  readonly line: string
}

export interface Started {
  readonly azure: readonly AzureSimulator[]
  readonly deployments: Readonly<Record<string, SimulatedDeployment>>
  /** The key that clients send; null when they send the tenant's tokens. */
  readonly key: string | null
  readonly entra: EntraSimulator | null
}

const apiVersion = '2024-10-21'

/** Empty when no instance was started, or when none of its deployments can chat. */
export function pasteLines({ azure, deployments, key, entra }: Started): readonly PasteLine[] {
  const [instance] = azure
  const chats = Object.entries(deployments).find(([, { model }]) => modelFacts(model).abilities.includes('chat'))
  if (instance === undefined || chats === undefined) return []
  const [deployment] = chats
  const isOpen = entra === null || key !== null
  const node = [
    `import { AzureOpenAI } from 'openai'`,
    `const client = new AzureOpenAI({ endpoint: '${instance.url}', ${isOpen ? `apiKey: '${key}'` : 'azureADTokenProvider: async () => process.env.TOKEN'}, apiVersion: '${apiVersion}' })`,
    `const messages = [{ role: 'user', content: 'What is a mutex?' }]`,
    `const answer = await client.chat.completions.create({ model: '${deployment}', messages })`,
    'console.log(answer.choices[0].message.content)',
  ]
  const python = [
    'import os, openai',
    `client = openai.AzureOpenAI(azure_endpoint='${instance.url}', ${isOpen ? `api_key='${key}'` : "azure_ad_token=os.environ['TOKEN']"}, api_version='${apiVersion}')`,
    `messages = [{'role': 'user', 'content': 'What is a mutex?'}]`,
    `answer = client.chat.completions.create(model='${deployment}', messages=messages)`,
    'print(answer.choices[0].message.content)',
  ]
  return [
    ...(isOpen ? [] : [tokenLine(entra)]),
    { title: 'Node, with the package openai', line: `node --input-type=module -e "${node.join('; ')}"` },
    { title: 'Python, with the package openai', line: `python3 -c "${python.join('; ')}"` },
  ]
}

/** The application that signs in by itself, with its secret. */
function tokenLine({ url, directory }: EntraSimulator): PasteLine {
  const { appId, secret } = confidential(directory)
  const fields = [
    'grant_type=client_credentials',
    `client_id=${appId}`,
    `client_secret=${secret}`,
    'scope=https://cognitiveservices.azure.com/.default',
  ]
  const request = `curl -sSk ${url}/${directory.tenantId}/oauth2/v2.0/token -d '${fields.join('&')}'`
  return { title: 'first: a token', line: `export TOKEN=$(${request} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')` }
}

function confidential(directory: Directory): { readonly appId: string; readonly secret: string } {
  for (const { appId, secret } of directory.applications) if (secret !== null) return { appId, secret }
  throw new TypeError('The directory has no application with a secret.')
}

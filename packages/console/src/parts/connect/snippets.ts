/**
 * A first call through the gateway, as a program per SDK: what docs/clients/README.md says, filled in. Tests run the
 * ones for Node and curl as they are.
 */

export const sdks = ['Node', 'Python', 'curl', 'AI SDK', 'LangChain', '.NET'] as const
export type Sdk = (typeof sdks)[number]

/** Where a program gets its token from: Azure's credential chain, or the variable GATEHOUSE_TOKEN. */
export const tokenSources = ['identity', 'variable'] as const
export type TokenSource = (typeof tokenSources)[number]

export interface Connection {
  /** What an SDK takes as its endpoint: `https://GATEWAY/TARGET/WORKLOAD`. */
  readonly endpoint: string
  readonly deployment: string
  /** Of the deployment, as the instances name it; null where none does. */
  readonly model: string | null
  /** The resource that tokens are for, as `api://gatehouse`. */
  readonly audience: string
  readonly token: TokenSource
}

/** What is installed before, as a command; null where nothing is. */
export function installOf(sdk: Sdk, { token }: Pick<Connection, 'token'>): string | null {
  const { packages, identity } = installs[sdk]
  const all = token === 'identity' ? [...packages, ...identity] : packages
  return all.length === 0 ? null : all.map(one => `${installs[sdk].command}${one}`).join('\n')
}

export function snippetOf(sdk: Sdk, connection: Connection): string {
  return writers[sdk][operationOf(connection)](connection)
}

interface Install {
  readonly command: string
  readonly packages: readonly string[]
  readonly identity: readonly string[]
}

const installs: Readonly<Record<Sdk, Install>> = {
  Node: { command: 'npm install ', packages: ['openai'], identity: ['@azure/identity'] },
  Python: { command: 'pip install ', packages: ['openai'], identity: ['azure-identity'] },
  curl: { command: '', packages: [], identity: [] },
  'AI SDK': { command: 'npm install ', packages: ['ai', '@ai-sdk/azure'], identity: ['@azure/identity'] },
  LangChain: { command: 'npm install ', packages: ['@langchain/openai'], identity: ['@azure/identity'] },
  '.NET': { command: 'dotnet add package ', packages: ['Azure.AI.OpenAI'], identity: ['Azure.Identity'] },
}

type Operation = 'chat' | 'embeddings'

/** Models for embeddings have it in their names; everything else is taken to chat. */
function operationOf({ deployment, model }: Connection): Operation {
  return /embed/i.test(model ?? deployment) ? 'embeddings' : 'chat'
}

/** A dated version that knows everything that the snippets use. */
const apiVersion = '2024-10-21'
const question = 'Say hello in five words.'
const sentence = 'How many days of leave are there?'

type Writer = (connection: Connection) => string

const writers: Readonly<Record<Sdk, Readonly<Record<Operation, Writer>>>> = {
  Node: {
    chat: connection => {
      const { imports, provider, value } = nodeToken(connection)
      return lines(
        ["import OpenAI from 'openai'", ...imports, '', ...provider],
        [`const client = new OpenAI({ baseURL: ${js(`${connection.endpoint}/openai/v1/`)}, apiKey: ${value} })`],
        ['const answer = await client.chat.completions.create({'],
        [`  model: ${js(connection.deployment)},`, `  messages: [{ role: 'user', content: ${js(question)} }],`, '})'],
        ['console.log(answer.choices[0].message.content)'],
      )
    },
    embeddings: connection => {
      const { imports, provider, value } = nodeToken(connection)
      return lines(
        ["import OpenAI from 'openai'", ...imports, '', ...provider],
        [`const client = new OpenAI({ baseURL: ${js(`${connection.endpoint}/openai/v1/`)}, apiKey: ${value} })`],
        [
          `const answer = await client.embeddings.create({ model: ${js(connection.deployment)}, input: ${js(sentence)} })`,
        ],
        ['console.log(answer.data[0].embedding.length)'],
      )
    },
  },
  Python: {
    chat: connection =>
      lines(
        pythonClient(connection),
        ['answer = client.chat.completions.create('],
        [`    model=${quoted(connection.deployment)},`],
        [`    messages=[{"role": "user", "content": ${quoted(question)}}],`, ')'],
        ['print(answer.choices[0].message.content)'],
      ),
    embeddings: connection =>
      lines(
        pythonClient(connection),
        [`answer = client.embeddings.create(model=${quoted(connection.deployment)}, input=${quoted(sentence)})`],
        ['print(len(answer.data[0].embedding))'],
      ),
  },
  curl: {
    chat: connection =>
      curl(connection, 'chat/completions', {
        model: connection.deployment,
        messages: [{ role: 'user', content: question }],
      }),
    embeddings: connection => curl(connection, 'embeddings', { model: connection.deployment, input: sentence }),
  },
  'AI SDK': {
    chat: connection =>
      lines(
        aiProvider(connection, 'generateText'),
        [
          `const { text } = await generateText({ model: azure.chat(${js(connection.deployment)}), prompt: ${js(question)} })`,
        ],
        ['console.log(text)'],
      ),
    embeddings: connection =>
      lines(
        aiProvider(connection, 'embed'),
        [`const model = azure.embedding(${js(connection.deployment)})`],
        [`const { embedding } = await embed({ model, value: ${js(sentence)} })`, 'console.log(embedding.length)'],
      ),
  },
  LangChain: {
    chat: connection =>
      lines(langchain(connection, 'AzureChatOpenAI'), [
        `const answer = await model.invoke(${js(question)})`,
        'console.log(answer.text)',
      ]),
    embeddings: connection =>
      lines(langchain(connection, 'AzureOpenAIEmbeddings'), [
        `const vector = await model.embedQuery(${js(sentence)})`,
        'console.log(vector.length)',
      ]),
  },
  '.NET': {
    chat: connection =>
      lines(
        ['using OpenAI.Chat;'],
        dotnetClient(connection),
        [`ChatClient chat = client.GetChatClient(${quoted(connection.deployment)});`],
        [`ChatCompletion answer = chat.CompleteChat(${quoted(question)});`],
        ['Console.WriteLine(answer.Content[0].Text);'],
      ),
    embeddings: connection =>
      lines(
        ['using OpenAI.Embeddings;'],
        dotnetClient(connection),
        [`EmbeddingClient embeddings = client.GetEmbeddingClient(${quoted(connection.deployment)});`],
        [`OpenAIEmbedding answer = embeddings.GenerateEmbedding(${quoted(sentence)});`],
        ['Console.WriteLine(answer.ToFloats().Length);'],
      ),
  },
}

function nodeToken({ token, audience }: Connection) {
  if (token === 'variable') return { imports: [], provider: [], value: 'process.env.GATEHOUSE_TOKEN' }
  return {
    imports: ["import { DefaultAzureCredential, getBearerTokenProvider } from '@azure/identity'"],
    provider: [`const token = getBearerTokenProvider(new DefaultAzureCredential(), ${js(`${audience}/.default`)})`],
    value: 'token',
  }
}

function pythonClient({ token, audience, endpoint }: Connection): readonly string[] {
  const base = quoted(`${endpoint}/openai/v1/`)
  if (token === 'variable') {
    const client = `client = OpenAI(base_url=${base}, api_key=os.environ["GATEHOUSE_TOKEN"])`
    return ['import os', 'from openai import OpenAI', '', client]
  }
  return [
    'from azure.identity import DefaultAzureCredential, get_bearer_token_provider',
    'from openai import OpenAI',
    '',
    `token = get_bearer_token_provider(DefaultAzureCredential(), ${quoted(`${audience}/.default`)})`,
    `client = OpenAI(base_url=${base}, api_key=token)`,
  ]
}

function curl({ token, audience, endpoint }: Connection, operation: string, body: object): string {
  const scope = inShell(`${audience}/.default`)
  const signIn =
    token === 'variable'
      ? []
      : [`GATEHOUSE_TOKEN=$(az account get-access-token --scope ${scope} --query accessToken --output tsv)`]
  return lines(signIn, [
    `curl ${inShell(`${endpoint}/openai/v1/${operation}`)} \\`,
    '  -H "authorization: Bearer $GATEHOUSE_TOKEN" \\',
    "  -H 'content-type: application/json' \\",
    `  -d ${inShell(JSON.stringify(body))}`,
  ])
}

function aiProvider(connection: Connection, used: string): readonly string[] {
  const { imports, provider } = nodeToken(connection)
  const credential = connection.token === 'variable' ? 'apiKey: process.env.GATEHOUSE_TOKEN' : 'tokenProvider: token'
  return [
    `import { ${used} } from 'ai'`,
    "import { createAzure } from '@ai-sdk/azure'",
    ...imports,
    '',
    ...provider,
    `const azure = createAzure({ baseURL: ${js(`${connection.endpoint}/openai/v1`)}, ${credential} })`,
  ]
}

function langchain(connection: Connection, name: string): readonly string[] {
  const { imports, provider, value } = nodeToken(connection)
  return [
    `import { ${name} } from '@langchain/openai'`,
    ...imports,
    '',
    ...provider,
    `const model = new ${name}({`,
    `  azureOpenAIBasePath: ${js(`${connection.endpoint}/openai/deployments`)},`,
    `  azureOpenAIApiDeploymentName: ${js(connection.deployment)},`,
    `  azureOpenAIApiVersion: ${js(apiVersion)},`,
    `  azureADTokenProvider: ${connection.token === 'variable' ? `async () => ${value}` : value},`,
    '})',
  ]
}

function dotnetClient({ token, audience, endpoint }: Connection): readonly string[] {
  const credential =
    token === 'variable'
      ? ['    new ApiKeyCredential(Environment.GetEnvironmentVariable("GATEHOUSE_TOKEN")!));']
      : [
          '    new DefaultAzureCredential(),',
          `    new AzureOpenAIClientOptions { Audience = ${quoted(`${audience}/.default`)} });`,
        ]
  return [
    'using Azure.AI.OpenAI;',
    token === 'variable' ? 'using System.ClientModel;' : 'using Azure.Identity;',
    '',
    'var client = new AzureOpenAIClient(',
    `    new Uri(${quoted(endpoint)}),`,
    ...credential,
  ]
}

function lines(...parts: readonly (readonly string[])[]): string {
  return parts.flat().join('\n')
}

/** A literal of JavaScript. Names of the configuration have no character that JSON writes in another way. */
function js(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** A literal of Python and of C#. */
function quoted(text: string): string {
  return JSON.stringify(text)
}

function inShell(text: string): string {
  return /^[\w./:=%-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * A gateway's metadata at `/.well-known/oauth-protected-resource` (RFC 9728): its sign-in service and scope.
 */
import { z } from 'zod'
import { checkedAuthority } from '../../identity/authority.ts'
import type { SignInSettings } from '../../identity/signin/index.ts'
import { CliError } from '../errors.ts'
import { gatewayIsAdmin, gatewayUnreachable, originText } from './addresses.ts'

const answerMs = 10_000
const answerBytesMax = 64 * 1024

const metadata = z.object({
  resource: z.url(),
  authorization_servers: z.array(z.url()).min(1),
  scopes_supported: z.array(z.string().min(1)).min(1),
})

/**
 * Azure's own resources for which a gateway may request a token. It may request no other resource of Microsoft.
 */
const usualScopes = new Set(['https://cognitiveservices.azure.com/.default', 'https://ai.azure.com/.default'])
/** Scope of the operator's own app registration. */
const ownScope = /^(api:\/\/[^\s/]+|(api:\/\/)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\/[\w.-]+$/i

/**
 * @param origin where the address of the gateway comes from.
 * @throws CliError `gateway_unreachable`, `gateway_is_admin`, `metadata_unusable`
 */
export async function readMetadata(gateway: string, origin: string | null): Promise<Omit<SignInSettings, 'clientId'>> {
  const url = `${gateway}/.well-known/oauth-protected-resource`
  const found = metadata.safeParse(await readJson(url, gateway, origin))
  if (!found.success) throw unusable(url, 'It names no resource, authorization server or scope.')
  const [server] = found.data.authorization_servers
  const [, authority, tenantId] = /^(.+?)\/([A-Za-z0-9.-]+)\/v2\.0\/?$/.exec(server ?? '') ?? []
  if (authority === undefined || tenantId === undefined)
    throw unusable(url, 'Its authorization server is not of Entra.')
  const { scopes_supported: scopes } = found.data
  // The company's own scope comes first, whatever the order: tokens for Azure's own carry no groups and no app roles.
  const scope = scopes.find(name => ownScope.test(name)) ?? scopes.find(name => usualScopes.has(name))
  // Otherwise a gateway could request a token for any other service and receive it.
  if (scope === undefined) throw unusable(url, 'It asks for no scope that a gateway to Azure OpenAI needs.', '--scope')
  try {
    return { authority: checkedAuthority(authority), tenantId, scope }
  } catch (cause) {
    throw unusable(url, cause instanceof Error ? cause.message : 'Its authorization server is no usable address.')
  }
}

async function readJson(url: string, gateway: string, origin: string | null): Promise<unknown> {
  const answer = await fetchText(url, gateway, origin)
  if (isAdmin(answer)) throw gatewayIsAdmin(gateway, origin)
  if (answer.status !== 200) throw unusable(url, `It answered with status ${answer.status}. ${originText(origin)}`)
  try {
    return JSON.parse(answer.text)
  } catch {
    throw unusable(url, `It is not JSON. ${originText(origin)}`)
  }
}

interface TextAnswer {
  readonly status: number
  readonly text: string
  /** Of Gatehouse: the id of the request. */
  readonly requestId: string | null
}

async function fetchText(url: string, gateway: string, origin: string | null): Promise<TextAnswer> {
  try {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(answerMs) })
    const text = (await answer.text()).slice(0, answerBytesMax)
    return { status: answer.status, text, requestId: answer.headers.get('x-gatehouse-request-id') }
  } catch (cause) {
    throw gatewayUnreachable(gateway, origin, cause)
  }
}

/** The management API has no such page, and asks for a token first. On the gateway it is open. */
function isAdmin({ status, requestId }: TextAnswer): boolean {
  return (status === 401 || status === 404) && requestId !== null
}

function unusable(url: string, why: string, option = '--authority, --tenant and --scope'): CliError {
  return new CliError(
    'metadata_unusable',
    `${url} does not say how to sign in.`,
    why,
    `gatehouse login with ${option}, if this is the right gateway`,
  )
}

/** Signs in on another device (RFC 8628): for terminals without a browser. */
import * as oidc from 'openid-client'
import { personScope, type SignedIn, type SignInClient, signedIn, translated } from './client.ts'
import { SignInError } from './errors.ts'

export interface DevicePrompt {
  readonly userCode: string
  readonly page: string
  readonly expiresAtMs: number
}

/**
 * @param show Shows the person where to go and what to enter; polling begins after it.
 * @throws SignInError `sign_in_refused` (declined, expired), `sign_in_unfinished` (interrupted), `sign_in_unreachable`
 */
export async function signInWithDevice(
  client: SignInClient,
  options: { readonly show: (prompt: DevicePrompt) => void | Promise<void>; readonly signal?: AbortSignal },
): Promise<SignedIn> {
  const { configuration, settings } = client
  const started = await translated(settings, () =>
    oidc.initiateDeviceAuthorization(configuration, { scope: personScope(settings) }),
  )
  await options.show({
    userCode: started.user_code,
    page: started.verification_uri,
    expiresAtMs: client.clock() + started.expires_in * 1_000,
  })
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  return signedIn(client, async () => {
    try {
      return await oidc.pollDeviceAuthorizationGrant(configuration, started, undefined, signal)
    } catch (error) {
      if (options.signal?.aborted) throw new SignInError('sign_in_unfinished', 'The sign-in was interrupted.')
      throw error
    }
  })
}

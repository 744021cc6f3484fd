/** Section `identity`: whose tokens are accepted. */
import { z } from 'zod'
import { duration, guid, httpUrl } from './common.ts'

export const identity = z.strictObject({
  entra: z
    .strictObject({
      authority: httpUrl
        .default('https://login.microsoftonline.com')
        .describe('Sign-in service. Sovereign clouds have their own.'),
      tenants: z.array(guid).min(1).describe('Tenant ids whose tokens are accepted.'),
      audiences: z
        .array(z.string().min(1))
        .min(1)
        .default(['https://cognitiveservices.azure.com', 'https://ai.azure.com'])
        .describe(
          'Accepted values of claim `aud`: resource URIs (a trailing slash does not matter) or client ids of own app registrations.',
        ),
      clients: z
        .array(guid)
        .optional()
        .describe(
          'When given, only tokens obtained by these client applications are accepted (claim `appid` or `azp`).',
        ),
      clockSkew: duration('0s', '10m', '60s').describe('Tolerance for `exp` and `nbf`.'),
      graph: z
        .strictObject({
          endpoint: httpUrl
            .default('https://graph.microsoft.com')
            .transform(url => url.replace(/\/+$/, ''))
            .describe('Microsoft Graph. Sovereign clouds have their own.'),
          managedIdentity: guid
            .optional()
            .describe('Client id of the user-assigned managed identity for this. Default: the system-assigned one.'),
          remember: duration('1m', '1d', '10m').describe(
            'How long an answer of Graph is used. A person who left a group keeps its rights for at most this time.',
          ),
          timeout: duration('100ms', '30s', '5s').describe(
            'Longest wait for an answer of Graph; then the call gets 503.',
          ),
        })
        .optional()
        .describe(
          'Looks up groups that a token does not list, because its audience is one of Microsoft’s own or because there are more than 200. The managed identity needs the application permissions User.Read.All and GroupMember.Read.All for people, and Application.Read.All for applications. Default: a caller has only the groups that the token lists.',
        ),
      signInClient: guid
        .default('04b07795-8ddb-461a-bbee-02f9e1bf7b46')
        .describe(
          'Public client id with which `gatehouse login` signs people in. The default is the well-known id of the Azure CLI.',
        ),
    })
    .describe('Microsoft Entra ID.'),
})

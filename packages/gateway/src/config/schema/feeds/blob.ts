/** Settings of feeds of the kind `blob`. */
import { z } from 'zod'
import { guid, httpUrl, secret } from '../common.ts'
import { commonSettings } from './common.ts'
import { fileFormat } from './files.ts'

export const blobFeed = z.strictObject({
  kind: z.literal('blob').describe('the same files in a container of Azure Blob Storage.'),
  account: httpUrl
    .optional()
    .describe(
      'Blob endpoint of the storage account, as https://contoso.blob.core.windows.net. Required, except with a connection string, which names it.',
    ),
  container: z
    .string()
    .regex(
      /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
      'the name of a container: 3 to 63 lower-case letters, digits and single hyphens',
    )
    .describe('Container that takes the files. It must exist.'),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9._=/-]{0,200}$/, 'letters, digits and . _ = / -, at most 200')
    .default('')
    .describe('Virtual directory of all files in the container.'),
  credential: z
    .union(
      [
        z.literal('managed-identity').describe("The gateway's own managed identity."),
        z.strictObject({ managedIdentity: guid.describe('Client id of a user-assigned managed identity.') }),
        z.strictObject({
          key: z
            .string()
            .regex(/^[A-Za-z0-9+/]{16,}={0,2}$/, 'a key in base64, as the portal shows it')
            .describe(`Key of the account, from \${env:NAME} or \${file:PATH}.`)
            .meta(secret),
        }),
        z.strictObject({
          sas: z
            .string()
            .regex(/^\??(?=.*\bsig=)[^\s?]+$/, 'a shared access signature, as sv=...&sig=...')
            .describe(`Shared access signature that may create and write, from \${env:NAME} or \${file:PATH}.`)
            .meta(secret),
        }),
        z.strictObject({
          connectionString: z
            .string()
            .min(16)
            .describe(`From \${env:NAME} or \${file:PATH}. It names the account too.`)
            .meta(secret),
        }),
      ],
      {
        error: `managed-identity, { managedIdentity: CLIENT-ID }, { key: "\${env:NAME}" }, { sas: "\${env:NAME}" } or { connectionString: "\${env:NAME}" }`,
      },
    )
    .default('managed-identity')
    .describe('How the gateway signs in to the account. An identity needs the role Storage Blob Data Contributor.'),
  format: fileFormat,
  ...commonSettings('1m'),
})

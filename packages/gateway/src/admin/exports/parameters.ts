/** Parameters of an export that only its format `conversations` has. */
import { z } from '@hono/zod-openapi'

const flag = z
  .enum(['true', 'false'])
  .transform(value => value === 'true')
  .optional()

export const conversationsParameters = {
  bodies: flag.openapi({
    type: 'boolean',
    description:
      'Conversations with their messages. This needs the role auditor and a reason; a developer gets their own calls.',
  }),
  raw: flag.openapi({ type: 'boolean', description: 'Conversations with both bodies in base64 too.' }),
  before: z
    .uuid('expected a record id')
    .toLowerCase()
    .optional()
    .openapi({ description: 'Last record of a file that broke off. The answer has the records after it.' }),
  upTo: z
    .string()
    .regex(/^\d{1,15}$/, 'expected the value of x-gatehouse-export-up-to')
    .optional()
    .openapi({
      description: '`x-gatehouse-export-up-to` of the first answer. The rest has no record that came later.',
    }),
  export: z
    .uuid('expected the value of x-gatehouse-export')
    .toLowerCase()
    .optional()
    .openapi({ description: '`x-gatehouse-export` of the first answer. Both are one export in the audit trail.' }),
}

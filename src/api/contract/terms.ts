/** The worker machines of a node on EC2, and when its cluster ends. `tm up` may change all of it. */
import { z } from '@hono/zod-openapi'
import { maxScriptCharacters, packageName } from '../../core/setup.ts'

const architecture = z.enum(['arm64', 'x86_64'])

const imageSchema = z.object({
  id: z.string(),
  name: z.string(),
  architecture,
  rootDevice: z.string(),
  rootSize: z.number().describe('GiB; a volume must not be smaller than its snapshot'),
})

const shapeSchema = z.object({
  types: z
    .array(
      z.object({
        type: z.string(),
        architecture,
        vcpus: z.number(),
        memory: z.number().optional().describe('bytes'),
        gpus: z.number().optional(),
        zones: z.array(z.string()),
      }),
    )
    .describe('in this order of preference'),
  images: z.object({ arm64: imageSchema.optional(), x86_64: imageSchema.optional() }),
  subnets: z.array(z.object({ id: z.string(), zone: z.string() })),
  group: z.string().describe('id of the security group'),
  profile: z.string().optional().describe('name of the instance profile; workers have none'),
  publicAddress: z
    .boolean()
    .describe('costs $0.005 per hour; without it, a machine needs a NAT gateway'),
  spot: z.boolean(),
  onDemandFallback: z.boolean().optional().describe('with `spot`: on demand where spot has none'),
  tags: z.record(z.string(), z.string()).optional().describe('besides those of tm'),
  volumeSize: z.number().describe('GiB; at least what the image needs'),
})

export const setupSchema = z
  .object({
    packages: z.array(z.string().regex(packageName).max(200)).max(200),
    script: z.string().max(maxScriptCharacters).optional().describe('for bash'),
    timeout: z
      .int()
      .min(1000)
      .max(24 * 3_600_000)
      .describe('milliseconds for all of it'),
  })
  .openapi('Setup')

export const termsSchema = z
  .object({
    workers: shapeSchema,
    setup: setupSchema
      .optional()
      .describe('what each worker does once, as root, before its first task'),
    endsAt: z.number().optional().describe('wall-clock milliseconds; with --ttl only'),
    endsInMs: z
      .number()
      .optional()
      .describe('the same from now on, for machines whose date is wrong: whichever is first'),
  })
  .openapi('Terms')

/** The hardware, image and network of machines. */
export type Shape = z.infer<typeof shapeSchema>
export type Terms = z.infer<typeof termsSchema>

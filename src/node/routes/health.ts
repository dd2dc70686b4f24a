/** For load balancers and for Prometheus. */
import { z } from '@hono/zod-openapi'
import type { Deps } from '../app.ts'
import { createMetrics } from '../metrics.ts'
import { guarded, routes } from './guard.ts'

const metricsRoute = guarded(['admin'], {
  method: 'get',
  path: '/metrics',
  summary: 'Figures for Prometheus',
  responses: {
    200: {
      description: 'The text format',
      content: { 'text/plain': { schema: z.string() } },
    },
  },
})

export function healthRoutes(deps: Deps) {
  const metrics = createMetrics(deps)
  const app = routes()
  app.get('/healthz', (c) => c.text('ok'))
  return app.openapi(metricsRoute, async (c) =>
    c.text(await metrics.render(), 200, { 'content-type': metrics.contentType }),
  )
}

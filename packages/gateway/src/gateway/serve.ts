/**
 * The life of a call as a sentence: each stage takes what the stage before it returned. Whatever ends the sentence
 * early becomes an answer to the client and a record in the ledger. `stages.ts` says why the stages are in this order.
 */
import { accept } from './accept.ts'
import { admit } from './admit/index.ts'
import { answerList, isList } from './answers/lists.ts'
import { answerModels } from './answers/models.ts'
import { authenticate } from './authenticate/index.ts'
import { authorize } from './authorize/index.ts'
import type { Call } from './call.ts'
import { dispatch } from './dispatch/index.ts'
import { conclude, refuse } from './endings.ts'
import { newExchange } from './exchange.ts'
import { askBeforeDelete } from './follow-ups/before-delete.ts'
import { locate } from './locate/index.ts'
import type { GatewayParts } from './parts.ts'
import { BodyHold } from './receive/budget.ts'
import { receive } from './receive/index.ts'
import { resolve } from './resolve/index.ts'

export async function serve(call: Call, parts: GatewayParts): Promise<void> {
  const exchange = newExchange(call, parts)
  const hold = new BodyHold(parts.guards.bodies)
  try {
    accept(call)
    const resolved = resolve(exchange, parts)
    const authenticated = await authenticate(resolved, parts)
    const authorized = authorize(authenticated)
    if (authorized.route.operation.answeredHere) {
      return await conclude(authorized, await answerModels(authorized), parts)
    }
    const received = await receive(authorized, hold, parts)
    const located = await locate(received, parts)
    const admitted = await admit(located, parts)
    await askBeforeDelete(admitted, parts)
    const relayed = await (isList(admitted) ? answerList(admitted, parts) : dispatch(admitted, parts))
    await conclude(admitted, relayed, parts)
  } catch (error) {
    await refuse(exchange, error, parts)
  } finally {
    // Until now the body might have been sent again, or counted.
    hold.release()
  }
}

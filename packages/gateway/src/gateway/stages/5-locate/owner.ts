import { type Objects, ObjectsUnavailable, type Owner } from '../../../objects/index.ts'
import { Refusal } from '../../refusals.ts'

export interface OwnerParts {
  readonly objects: Pick<Objects, 'ownerOf' | 'known'>
}

/** Null for an object that no call through this gateway created. @throws Refusal objects_unavailable */
export async function findOwner(id: string, { objects }: Pick<OwnerParts, 'objects'>): Promise<Owner | null> {
  try {
    return await objects.ownerOf(id)
  } catch (cause) {
    if (!(cause instanceof ObjectsUnavailable)) throw cause
    throw new Refusal('objects_unavailable', {}, { cause })
  }
}

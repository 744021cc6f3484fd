/**
 * Kinds of objects of the data plane, and the ids that answers contain. Shapes: OpenAI's v1 reference, Azure's v1 API.
 */
import { encryptedContents } from './encrypted.ts'
import { isRecord, type JsonRecord, listOf, textOrNull } from './json.ts'

export type ObjectKind =
  | 'response'
  | 'file'
  | 'batch'
  | 'vector_store'
  | 'conversation'
  | 'container'
  | 'upload'
  | 'chat_completion'
  | 'fine_tuning_job'
  | 'eval'
  | 'video'

/**
 * The way to read ids from the answer of an operation. `batch_again` and `response_again` are answers about a known
 * object that may have created others since: a batch its answer files, a background response its items. `parts` is an
 * answer that is no object itself but whose output can be put into later calls. `content` is a list of items of which
 * only encrypted content counts. `audio` is a chat that is not stored, whose sound a later turn can name.
 * `upload_again` contains the file that was made of the parts. Lists of input items contain nothing to remember:
 * clients choose the ids of their input, and could choose the ids of others.
 */
export type CreatedKind = ObjectKind | 'batch_again' | 'response_again' | 'upload_again' | 'parts' | 'content' | 'audio'

export interface CreatedIds {
  /** The object that the record of the exchange names as created. */
  readonly objectId: string | null
  /**
   * The object and everything else that later calls can name: answer files of a batch, items and containers of a
   * response.
   */
  readonly all: readonly string[]
}

const none: CreatedIds = { objectId: null, all: [] }

export function createdIds(kind: CreatedKind, document: JsonRecord): CreatedIds {
  const id = textOrNull(document['id'])
  switch (kind) {
    case 'response': {
      const parts = partsOfResponse(document)
      // The instance keeps nothing of it, so its ids lead nowhere.
      return id === null || document['store'] === false
        ? { objectId: null, all: parts }
        : { objectId: id, all: [id, ...parts] }
    }
    case 'response_again':
    case 'parts':
      return { objectId: null, all: partsOfResponse(document) }
    case 'batch':
      return id === null ? none : { objectId: id, all: [id, ...filesOfBatch(document)] }
    case 'batch_again': {
      const files = filesOfBatch(document)
      return { objectId: files[0] ?? null, all: files }
    }
    case 'upload_again': {
      const file = isRecord(document['file']) ? textOrNull(document['file']['id']) : null
      return file === null ? none : { objectId: file, all: [file] }
    }
    case 'chat_completion': {
      const sounds = soundsOf(document)
      return id === null ? { objectId: null, all: sounds } : { objectId: id, all: [id, ...sounds] }
    }
    case 'content':
      return { objectId: null, all: encryptedContents(document) }
    case 'audio':
      return { objectId: null, all: soundsOf(document) }
    default:
      return id === null ? none : { objectId: id, all: [id] }
  }
}

/**
 * Ids of an event of a Responses stream. The ids of an item come with the event that begins it, before the response
 * that has it.
 * @param isKept false when the response is not stored, so that ids of its items lead nowhere.
 */
export function idsOfEvent(event: JsonRecord, isKept: boolean): readonly string[] {
  const { item, annotation } = event
  return [
    ...(isRecord(item) ? partsOfItem(item, isKept) : []),
    ...(isRecord(annotation) ? idsOfAnnotation(annotation) : []),
    ...encryptedContents(event),
  ]
}

/** Ids of a chat's answer, or of a piece of one. */
function soundsOf(chat: JsonRecord): string[] {
  return listOf(chat['choices'])
    .filter(isRecord)
    .map(({ message, delta }) => (isRecord(message) ? message : delta))
    .map(said => (isRecord(said) && isRecord(said['audio']) ? textOrNull(said['audio']['id']) : null))
    .filter(id => id !== null)
}

function filesOfBatch(batch: JsonRecord): string[] {
  return [textOrNull(batch['output_file_id']), textOrNull(batch['error_file_id'])].filter(id => id !== null)
}

function partsOfResponse(response: JsonRecord): string[] {
  const isKept = response['store'] !== false
  const output = listOf(response['output']).filter(isRecord)
  return [...output.flatMap(item => partsOfItem(item, isKept)), ...encryptedContents(output)]
}

/**
 * An item can be put into a later input by its id. A later tool can name a container, and its files can be fetched.
 * Containers exist whether the response is stored or not.
 */
function partsOfItem(item: JsonRecord, isKept: boolean): string[] {
  const { environment } = item
  const ids = [
    isKept ? textOrNull(item['id']) : null,
    textOrNull(item['container_id']),
    isRecord(environment) ? textOrNull(environment['container_id']) : null,
  ].filter(id => id !== null)
  const annotations = listOf(item['content'])
    .filter(isRecord)
    .flatMap(part => listOf(part['annotations']))
    .filter(isRecord)
  return [...ids, ...annotations.flatMap(idsOfAnnotation)]
}

/** Ids of a `container_file_citation`. Other citations name files of the caller, which it owns already. */
function idsOfAnnotation(annotation: JsonRecord): string[] {
  const container = textOrNull(annotation['container_id'])
  if (container === null) return []
  return [container, textOrNull(annotation['file_id'])].filter(id => id !== null)
}

/** The handler of each operation. */

import {
  cancelEvalRun,
  createEval,
  createEvalRun,
  deleteEval,
  deleteEvalRun,
  getEval,
  getEvalOutput,
  getEvalRun,
  listEvalOutputs,
  listEvalRuns,
  listEvals,
  updateEval,
} from './authoring/evals.ts'
import {
  cancelJob,
  createJob,
  deleteJob,
  getJob,
  listJobCheckpoints,
  listJobEvents,
  listJobs,
  pauseJob,
  resumeJob,
} from './authoring/fine-tuning.ts'
import { getModel, listModels } from './authoring/models-api.ts'
import type { Call } from './call.ts'
import { chatCompletions } from './chat/chat.ts'
import { completions } from './chat/completions.ts'
import { deleteChat, getChat, listChatMessages, listChats, updateChat } from './chat/stored.ts'
import { embeddings } from './embeddings.ts'
import { cancelBatch, createBatch, getBatch, listBatches } from './files/batches.ts'
import { deleteFile, getFile, getFileContent, listFiles, uploadFile } from './files/files.ts'
import { addUploadPart, cancelUpload, completeUpload, createUpload } from './files/uploads.ts'
import {
  addVectorStoreFile,
  createFileBatch,
  createVectorStore,
  deleteVectorStore,
  deleteVectorStoreFile,
  getFileBatch,
  getVectorStore,
  getVectorStoreFile,
  getVectorStoreFileContent,
  listFileBatchFiles,
  listVectorStoreFiles,
  listVectorStores,
  searchVectorStore,
  updateVectorStore,
  updateVectorStoreFile,
} from './files/vector-stores.ts'
import type { OperationName } from './http/routing.ts'
import { createSpeech, transcribe, translate } from './media/audio.ts'
import { editImages, generateImages } from './media/images.ts'
import { createVideo, deleteVideo, getVideo, getVideoContent, listVideos, remixVideo } from './media/videos.ts'
import {
  addContainerFile,
  createContainer,
  deleteContainer,
  deleteContainerFile,
  getContainer,
  getContainerFile,
  getContainerFileContent,
  listContainerFiles,
  listContainers,
} from './responses/containers.ts'
import {
  addConversationItems,
  createConversation,
  deleteConversation,
  deleteConversationItem,
  getConversation,
  getConversationItem,
  listConversationItems,
  updateConversation,
} from './responses/conversations.ts'
import { cancelResponse, createResponse, deleteResponse, getResponse, listInputItems } from './responses/responses.ts'
import { compactResponse, countResponseInput } from './responses/tokens.ts'

type Handler = (call: Call) => Promise<void>

/** By operation and method; HEAD is answered like GET. */
export const handlers: Readonly<Record<OperationName, Readonly<Record<string, Handler>>>> = {
  'chat/completions': { GET: listChats, POST: chatCompletions },
  'chat/completions/{id}': { GET: getChat, POST: updateChat, DELETE: deleteChat },
  'chat/completions/{id}/messages': { GET: listChatMessages },
  completions: { POST: completions },
  embeddings: { POST: embeddings },
  'images/generations': { POST: generateImages },
  'images/edits': { POST: editImages },
  'audio/speech': { POST: createSpeech },
  'audio/transcriptions': { POST: transcribe },
  'audio/translations': { POST: translate },
  responses: { POST: createResponse },
  'responses/compact': { POST: compactResponse },
  'responses/input_tokens': { POST: countResponseInput },
  'responses/{id}': { GET: getResponse, DELETE: deleteResponse },
  'responses/{id}/input_items': { GET: listInputItems },
  'responses/{id}/cancel': { POST: cancelResponse },
  models: { GET: listModels },
  'models/{id}': { GET: getModel },
  files: { GET: listFiles, POST: uploadFile },
  'files/{id}': { GET: getFile, DELETE: deleteFile },
  'files/{id}/content': { GET: getFileContent },
  batches: { GET: listBatches, POST: createBatch },
  'batches/{id}': { GET: getBatch },
  'batches/{id}/cancel': { POST: cancelBatch },
  vector_stores: { GET: listVectorStores, POST: createVectorStore },
  'vector_stores/{id}': { GET: getVectorStore, POST: updateVectorStore, DELETE: deleteVectorStore },
  'vector_stores/{id}/search': { POST: searchVectorStore },
  'vector_stores/{id}/files': { GET: listVectorStoreFiles, POST: addVectorStoreFile },
  'vector_stores/{id}/files/{id}': {
    GET: getVectorStoreFile,
    POST: updateVectorStoreFile,
    DELETE: deleteVectorStoreFile,
  },
  'vector_stores/{id}/files/{id}/content': { GET: getVectorStoreFileContent },
  'vector_stores/{id}/file_batches': { POST: createFileBatch },
  'vector_stores/{id}/file_batches/{id}': { GET: getFileBatch },
  'vector_stores/{id}/file_batches/{id}/cancel': { POST: getFileBatch },
  'vector_stores/{id}/file_batches/{id}/files': { GET: listFileBatchFiles },
  uploads: { POST: createUpload },
  'uploads/{id}/parts': { POST: addUploadPart },
  'uploads/{id}/complete': { POST: completeUpload },
  'uploads/{id}/cancel': { POST: cancelUpload },
  'fine_tuning/jobs': { GET: listJobs, POST: createJob },
  'fine_tuning/jobs/{id}': { GET: getJob, DELETE: deleteJob },
  'fine_tuning/jobs/{id}/cancel': { POST: cancelJob },
  'fine_tuning/jobs/{id}/pause': { POST: pauseJob },
  'fine_tuning/jobs/{id}/resume': { POST: resumeJob },
  'fine_tuning/jobs/{id}/events': { GET: listJobEvents },
  'fine_tuning/jobs/{id}/checkpoints': { GET: listJobCheckpoints },
  evals: { GET: listEvals, POST: createEval },
  'evals/{id}': { GET: getEval, POST: updateEval, DELETE: deleteEval },
  'evals/{id}/runs': { GET: listEvalRuns, POST: createEvalRun },
  'evals/{id}/runs/{id}': { GET: getEvalRun, DELETE: deleteEvalRun },
  'evals/{id}/runs/{id}/cancel': { POST: cancelEvalRun },
  'evals/{id}/runs/{id}/output_items': { GET: listEvalOutputs },
  'evals/{id}/runs/{id}/output_items/{id}': { GET: getEvalOutput },
  videos: { GET: listVideos, POST: createVideo },
  'videos/{id}': { GET: getVideo, DELETE: deleteVideo },
  'videos/{id}/content': { GET: getVideoContent },
  'videos/{id}/remix': { POST: remixVideo },
  containers: { GET: listContainers, POST: createContainer },
  'containers/{id}': { GET: getContainer, DELETE: deleteContainer },
  'containers/{id}/files': { GET: listContainerFiles, POST: addContainerFile },
  'containers/{id}/files/{id}': { GET: getContainerFile, DELETE: deleteContainerFile },
  'containers/{id}/files/{id}/content': { GET: getContainerFileContent },
  conversations: { POST: createConversation },
  'conversations/{id}': { GET: getConversation, POST: updateConversation, DELETE: deleteConversation },
  'conversations/{id}/items': { GET: listConversationItems, POST: addConversationItems },
  'conversations/{id}/items/{id}': { GET: getConversationItem, DELETE: deleteConversationItem },
}

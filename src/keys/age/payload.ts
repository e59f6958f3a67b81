// The payload of an age file: a nonce, and chunks under ChaCha20-Poly1305 that tell which of them is the last.
import { createDecipheriv } from 'node:crypto'
import { deriveKey } from './derivation.ts'

const saltLength = 16
const tagLength = 16
const chunkLength = 64 * 1024 + tagLength
const nonceLength = 12

/** Throws Error when anything was changed, added or cut off. */
export function decryptPayload(payload: Uint8Array, fileKey: Uint8Array): Uint8Array {
  if (payload.length < saltLength + tagLength) throw new Error('the file is cut off')
  const key = deriveKey(fileKey, payload.subarray(0, saltLength), 'payload')
  const chunks = payload.subarray(saltLength)
  const count = Math.ceil(chunks.length / chunkLength)
  const parts = Array.from({ length: count }, (_, index) => {
    const chunk = chunks.subarray(index * chunkLength, (index + 1) * chunkLength)
    return decryptChunk(chunk, key, nonceOf(index, index === count - 1))
  })
  if (count > 1 && parts.at(-1)?.length === 0) throw new Error('the last chunk is empty')
  return Buffer.concat(parts)
}

function nonceOf(index: number, last: boolean): Uint8Array {
  const nonce = Buffer.alloc(nonceLength)
  nonce.writeUIntBE(index, nonceLength - 7, 6)
  nonce[nonceLength - 1] = last ? 1 : 0
  return nonce
}

function decryptChunk(chunk: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  if (chunk.length < tagLength) throw new Error('the file is cut off')
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagLength })
  const end = chunk.length - tagLength
  decipher.setAuthTag(chunk.subarray(end))
  return Buffer.concat([decipher.update(chunk.subarray(0, end)), decipher.final()])
}

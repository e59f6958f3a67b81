// A resource that kustomize has read from an encrypted file, and may have changed since: prefixes, labels and patches
// stay, and each ciphertext becomes what the verified file holds at its place.
import { ciphertextMark } from '../src/cipher/envelope.ts'
import type { Branch } from '../src/index.ts'
import { openTree } from '../src/index.ts'
import { fieldOf, fieldPath, referenceOf, textAt, withoutField } from '../src/kubernetes/object.ts'
import { storeFor } from '../src/stores/registry.ts'
import type { EncryptedFiles } from './encrypted-files.ts'
import { fillPlaceholders } from './encrypted-source.ts'
import { placed, Refusal, type Report } from './finding.ts'
import { type RawFile, RawFiles, type VerifiedDocument, type VerifiedFile } from './raw-files.ts'
import { mapValues } from './value-map.ts'

export interface DecryptedResource {
  readonly object: Branch
  /** The file that it was read from, where it is known. */
  readonly file?: string
}

export interface ResourceOptions {
  /** Whether a resource without its file is decrypted without a check of its MAC. */
  readonly unverified: boolean
}

/** Whether a resource carries the metadata of an encrypted file. */
export function isEncryptedResource(resource: Branch): boolean {
  const metadata = fieldOf(resource, 'sops')
  return ['mac', 'lastmodified', 'version'].some((name) => textAt(metadata, name) !== undefined)
}

export class EncryptedResources {
  readonly #files: EncryptedFiles
  readonly #raw: RawFiles
  readonly #options: ResourceOptions

  constructor(files: EncryptedFiles, options: ResourceOptions) {
    this.#files = files
    this.#raw = new RawFiles(files)
    this.#options = options
  }

  /** Throws SopsError, Refusal. */
  async open(resource: Branch, report: Report): Promise<DecryptedResource> {
    const mac = textAt(resource, 'sops', 'mac')
    if (mac === undefined || mac === '') throw new Refusal('sops metadata without a MAC', { field: 'sops.mac' })
    if (this.#files.mode === 'passthrough') return { object: resource }
    const body = withoutField(resource, 'sops')
    if (this.#files.mode === 'placeholder') return { object: fillPlaceholders(body) }
    let failure: Refusal | undefined
    for (const file of await this.#verifyAll(await this.#raw.find(resource, mac), report)) {
      try {
        return { object: fill(body, file), file: file.name }
      } catch (error) {
        failure ??= placed(error, { file: file.name })
      }
    }
    if (failure !== undefined) throw failure
    return this.#openUnverified(resource, report)
  }

  // Any of them may be where the resource stands, whatever its annotation says: a sound copy beside a changed file must not
  // hide the change.
  async #verifyAll(candidates: readonly RawFile[], report: Report): Promise<readonly VerifiedFile[]> {
    const verified: VerifiedFile[] = []
    for (const candidate of candidates) {
      try {
        verified.push(await this.#raw.verify(candidate, report))
      } catch (error) {
        throw placed(error, { file: candidate.name })
      }
    }
    return verified
  }

  async #openUnverified(resource: Branch, report: Report): Promise<DecryptedResource> {
    if (!this.#options.unverified) {
      throw new Refusal(
        'the file that it stands in was not found in this kustomization or a base that it lists, and without the file ' +
          'its MAC cannot be checked; `unverified: allow` in the transformer does without',
        { field: 'sops.mac' },
      )
    }
    report.warn('its MAC was not checked: values may have been removed, or set back to earlier ones', {
      resource: referenceOf(resource),
      field: 'sops.mac',
    })
    const bytes = storeFor('json')?.emit([resource], {}) ?? new Uint8Array()
    const { host, dataKeys } = this.#files.options(undefined, report)
    const { branches } = await this.#files.inPool(() =>
      openTree(bytes, { host, dataKeys, format: 'json', ignoreMac: true }),
    )
    return { object: branches[0] ?? { type: 'branch', items: [] } }
  }
}

/** All ciphertexts of a resource must be those of one document, and a resource of another kind must not show them. */
function fill(body: Branch, file: VerifiedFile): Branch {
  const first = firstCiphertext(body)
  if (first === undefined) return body
  let failure: Refusal | undefined
  for (const document of file.documentsWith(first.path, first.text)) {
    try {
      return fillFrom(body, document)
    } catch (error) {
      failure ??= placed(error, {})
    }
  }
  throw failure ?? moved(first.path)
}

interface Ciphertext {
  readonly path: readonly string[]
  readonly text: string
}

function firstCiphertext(body: Branch): Ciphertext | undefined {
  let found: Ciphertext | undefined
  mapValues(body, (leaf, path) => {
    if (leaf.type === 'str' && leaf.value.includes(ciphertextMark)) found ??= { path, text: leaf.value }
    return leaf
  })
  return found
}

function fillFrom(body: Branch, document: VerifiedDocument): Branch {
  const filled = mapValues(body, (leaf, path) => {
    if (leaf.type !== 'str' || !leaf.value.includes(ciphertextMark)) return leaf
    const plain = document.find(path, leaf.value)
    if (plain === undefined) throw moved(path)
    return plain
  })
  const [here, there] = [referenceOf(filled), referenceOf(document.object)]
  if (here.kind !== there.kind || groupOf(here.apiVersion) !== groupOf(there.apiVersion)) {
    throw new Refusal('its kind is not that of the encrypted document: values of a Secret belong nowhere else', {
      field: 'kind',
    })
  }
  return filled
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}

function moved(path: readonly string[]): Refusal {
  const message = 'a ciphertext that the file does not hold at this place: it was moved, or changed by kustomize'
  return new Refusal(message, { field: fieldPath(...path) })
}

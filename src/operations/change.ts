// One change in the tree of an encrypted file. The text changes where the change is, and in the MAC; every ciphertext that
// can stay does. What is written has been read again and holds the very tree that sops would have: where the text has no
// room for the change, more and more of it is printed anew, in the last resort all of it, as sops prints it.
import { IvStash } from '../cipher/iv-stash.ts'
import { SopsError } from '../errors.ts'
import { encryptMac } from '../mac.ts'
import { emitMetadata } from '../metadata/codec.ts'
import { now } from '../rfc3339.ts'
import type { Document, Section } from '../stores/types.ts'
import { applyEdit, type Edit, type NoEdit } from '../tree/edit.ts'
import { isEmpty } from '../tree/scalar.ts'
import type { Branch, Leaf } from '../tree/types.ts'
import { mapLeaves, walk } from '../tree/walk.ts'
import type { DecryptOptions } from './decrypt.ts'
import { changedTexts } from './changed-text.ts'
import { encryptLeaves, type EncryptionPass, type KnownText } from './encryption-pass.ts'
import { saysTheSame, sealLayout } from './layout-patch.ts'
import { type Opened, open, restore } from './open.ts'
import { type Context, contextOf, keepsSource } from './options.ts'
import { printAgain } from './print-again.ts'
import { type ReadBack, readBack } from './read-back.ts'
import { pairLeaves, readsAs } from './same-shape.ts'

export type ChangeOptions = Omit<DecryptOptions, 'extract' | 'dotenvDialect'>

/** What to do with the first document of a file; undefined: nothing at all. */
export type Plan = (root: Branch, warn: (message: string) => void) => Edit | NoEdit | undefined

/** The changed file, or the file itself where the plan is to do nothing. */
export async function changeFile(file: Uint8Array, options: ChangeOptions, plan: Plan): Promise<Uint8Array> {
  const context = contextOf(options)
  const opened = await open(file, context, { ignoreMac: options.ignoreMac, stash: new IvStash() })
  const [root = { type: 'branch', items: [] }, ...others] = opened.branches
  const edit = plan(root, context.warn)
  if (edit === undefined) return file
  const branches = edit.kind === 'none' ? opened.branches : [applyEdit(root, edit), ...others]
  if (context.output.hasReservedKey(branches)) throw reserved()
  await context.audit('encrypt')
  const { metadata, cipher, selector } = opened
  if (!keepsSource(context)) return printAgain({ ...opened, branches }, metadata, cipher, context)
  const known = knownTexts(opened)
  const pass = encryptLeaves(
    { branches, dropped: plainDropped(opened) },
    {
      ...{ cipher, selector, macOnlyEncrypted: metadata.macOnlyEncrypted, allowUnencrypted: true, keep: true },
      ...{ known, textOnly: context.output.textOnly },
    },
  )
  return new ChangedFile({ file, opened, edit, branches, pass: withLeftComments(pass, known), context }).seal()
}

// A comment of what is removed may stay in the text: behind the brackets, for one.
function withLeftComments(pass: EncryptionPass, known: ReadonlyMap<Leaf, KnownText>): EncryptionPass {
  const written = [...pass.written]
  const edits = new Map(pass.edits)
  for (const [leaf, { text, aad, encrypted }] of known) {
    if (leaf.type !== 'comment' || text.type !== 'comment' || !encrypted || edits.has(leaf)) continue
    edits.set(leaf, text)
    written.push({ leaf, aad, encrypted })
  }
  return { ...pass, written, edits }
}

function reserved(): SopsError {
  return new SopsError(
    'ERR_SOPS_ALREADY_ENCRYPTED',
    "The name of the new entry is reserved for the metadata: 'sops' (dotenv: keys that start with 'sops_').",
    { hint: 'Give the entry another name.' },
  )
}

function plainDropped({ document, edits }: Opened): Document['dropped'] {
  return document.dropped.map((dropped) => {
    const plain = edits.get(dropped.comment)
    return plain?.type === 'comment'
      ? {
          comment: plain,
          get path() {
            return dropped.path
          },
        }
      : dropped
  })
}

/** The text of each leaf as it is in the file. A comment that should be encrypted and is not has none. */
function knownTexts({ document, edits, selector }: Opened): ReadonlyMap<Leaf, KnownText> {
  const known = new Map<Leaf, KnownText>()
  walk(document.branches, selector(), ({ leaf, aad, encrypted }) => {
    if (encrypted && !edits.has(leaf) && !isEmpty(leaf)) return
    known.set(edits.get(leaf) ?? leaf, { text: leaf, aad, encrypted })
  })
  for (const { comment, path } of document.dropped) {
    const plain = edits.get(comment)
    if (plain !== undefined) known.set(plain, { text: comment, aad: `${path.join(':')}:`, encrypted: true })
  }
  return known
}

interface Task {
  readonly file: Uint8Array
  readonly opened: Opened
  readonly edit: Edit | NoEdit
  /** The new plain tree. */
  readonly branches: readonly Branch[]
  readonly pass: EncryptionPass
  readonly context: Context
}

class ChangedFile {
  readonly #task: Task
  readonly #encrypted: readonly Branch[]
  readonly #section: Section

  constructor(task: Task) {
    const { opened, pass, context, branches } = task
    this.#task = task
    this.#encrypted = mapLeaves(branches, (leaf) => pass.edits.get(leaf) ?? leaf)
    const lastModified = now()
    const mac = encryptMac(pass.digest, lastModified, opened.cipher)
    this.#section = { metadata: emitMetadata({ ...opened.metadata, lastModified, mac }, context.backends) }
  }

  /** Throws SopsError ERR_SOPS_EMIT when no text of the format holds the tree. */
  seal(): Uint8Array {
    const { file, opened, edit, branches: plain, context } = this.#task
    if (context.input.singleValue) return this.#sealOne()
    const { document } = opened
    const task = { text: file, document, branches: document.branches, edit, wanted: this.#encrypted, plain }
    for (const text of changedTexts(task)) {
      const sealed = this.#sealText(text)
      if (sealed !== undefined) return sealed
    }
    const printed = context.output.emit(this.#encrypted, {}, this.#section)
    return this.#sealText(printed) ?? cannotHold(context.output.name)
  }

  /** A binary file holds one value, and whatever else somebody put beside it. */
  #sealOne(): Uint8Array {
    return this.#task.context.output.emit(this.#encrypted, {}, this.#section)
  }

  /** undefined: the text does not hold the tree. */
  #sealText(text: Uint8Array): Uint8Array | undefined {
    const { opened, pass, context } = this.#task
    const document = tryTo(() => context.output.parse(text))
    const edits = document && this.#corrections(document, this.#encrypted)
    if (document === undefined || edits === undefined) return undefined
    const { cipher, selector } = opened
    const section = this.#section
    const back = tryTo(() => {
      const sealed = document.rewrite(edits, section)
      return { sealed, ...readBack(sealed, { store: context.output, pass, cipher, selector, keep: true }) }
    })
    if (back === undefined || this.#corrections(back.document, this.#encrypted) === undefined) return undefined
    const layout = this.#layout(back)
    if (back.moved.size === 0 && layout === undefined) return back.sealed
    return back.document.rewrite(back.moved, { ...section, layout })
  }

  /** What differs from the tree; undefined when the shape does. */
  #corrections(document: Document, wanted: readonly Branch[]): Map<Leaf, Leaf> | undefined {
    const pairs = pairLeaves(document.branches, wanted, this.#task.context.output.impliedItem)
    return pairs && new Map(pairs.filter(([found, other]) => !readsAs(found, other)))
  }

  /** The author's spelling, changed in the same way; none where the change does not fit into the author's text. */
  #layout({ document, plain, hides }: ReadBack): string | undefined {
    const { opened, edit, branches, context } = this.#task
    if (opened.document.layout === undefined && !hides) return undefined
    const restored = document.rewrite(plain)
    const original = restore(opened, context)
    const parsed = context.output.parse(original)
    const task = {
      text: original,
      document: parsed,
      branches: opened.branches,
      edit,
      wanted: branches,
      plain: branches,
    }
    const [text] = changedTexts(task)
    const changed = text && tryTo(() => context.output.parse(text))
    const edits = changed && this.#corrections(changed, branches)
    const author = edits && tryTo(() => changed.rewrite(edits))
    if (author === undefined || !saysTheSame(author, branches, context.output)) return undefined
    return sealLayout(restored, author, opened.cipher)
  }
}

/** undefined: the text is not what it should be. */
function tryTo<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof SopsError) return undefined
    throw error
  }
}

function cannotHold(format: string): never {
  throw new SopsError('ERR_SOPS_EMIT', `a ${format} file cannot hold the tree after this change; nothing is written`, {
    hint: 'A key or a value has no form in this format.',
  })
}

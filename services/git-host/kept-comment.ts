export interface Comment {
  id: number;
  body: string;
}

/** The comments at one pull request, as a git host has them. */
export interface Comments {
  /** The oldest comment that this pipeline wrote and that begins with the mark: other programs may quote what people write. */
  own(mark: string): Promise<Comment | undefined>;
  /** Undefined if the host does not say which one it has added. */
  add(body: string): Promise<Comment | undefined>;
  change(id: number, body: string): Promise<unknown>;
  remove(id: number): Promise<unknown>;
}

/** Writes a comment, or updates the one with the same mark. */
export async function keepComment(comments: Comments, mark: string, body: string): Promise<void> {
  const known = await comments.own(mark);
  if (known) {
    if (known.body !== body) await comments.change(known.id, body);
    return;
  }
  const added = await comments.add(body);
  const first = added && (await comments.own(mark));
  if (!first || first.id === added.id) return;
  // Another process of this pipeline wrote one at the same moment: the older comment stays, with the newer text.
  await comments.change(first.id, body);
  await comments.remove(added.id);
}

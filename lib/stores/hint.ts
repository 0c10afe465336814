/** Calls all that listen. One of them may subscribe or stop meanwhile; its error is neither the others' nor the writer's. */
export function tellAll(listeners: Iterable<() => void>): void {
  for (const changed of [...listeners]) {
    try {
      changed();
    } catch {}
  }
}

/** The one thing of Node that ports name: the pure part is compiled without Node's types and never uses it. */
interface AbortSignal {
  readonly aborted: boolean;
}

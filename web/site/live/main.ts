/** A request that was answered. */
interface Request {
  readonly kind: 'request';
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly store: { readonly calls: number; readonly rru: number; readonly wru: number };
}

/** An event that was handed to the relay. */
interface Told {
  readonly kind: 'event';
  readonly name: string;
  readonly channels: readonly string[];
  readonly bytes: number;
}

/** How many rows are kept: whoever wants more writes a log. */
const ROWS = 300;

const totals = { requests: 0, events: 0, calls: 0, wru: 0, rru: 0 };

const by = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`there is no #${id}`);
  return found;
};

function cell(text: string, isNumber = false): HTMLTableCellElement {
  const cell = document.createElement('td');
  cell.textContent = text;
  if (isNumber) cell.className = 'number';
  return cell;
}

function add(kind: string, cells: readonly HTMLTableCellElement[]): void {
  const row = document.createElement('tr');
  row.className = kind;
  row.append(cell(new Date().toLocaleTimeString([], { hour12: false })), ...cells);
  const rows = by('rows');
  rows.prepend(row);
  while (rows.childElementCount > ROWS) rows.lastElementChild?.remove();
}

function show(what: Request | Told): void {
  if (what.kind === 'event') {
    totals.events += 1;
    const channels = what.channels.join(', ');
    const size = cell(`${what.bytes} B`, true);
    add('event', [cell(`→ ${what.name} on ${channels}`), cell(''), size, cell(''), cell(''), cell('')]);
  } else {
    const { method, path, status, ms, store } = what;
    totals.requests += 1;
    totals.calls += store.calls;
    totals.wru += store.wru;
    totals.rru += store.rru;
    const numbers = [status, `${ms.toFixed(1)} ms`, store.calls, store.wru, store.rru];
    const kind = status < 400 ? 'request' : 'failed';
    add(kind, [cell(`${method} ${path}`), ...numbers.map((number) => cell(String(number), true))]);
  }
  for (const [id, total] of Object.entries(totals)) by(id).textContent = String(total);
}

const source = new EventSource('/dev/live');
source.addEventListener('open', () => {
  by('state').textContent = 'Watching.';
});
source.addEventListener('error', () => {
  by('state').textContent = 'The program does not answer. Trying again …';
});
source.addEventListener('message', (event: MessageEvent<string>) => {
  show(JSON.parse(event.data) as Request | Told);
});

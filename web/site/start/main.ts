import { makeDemo } from './demo.ts';

const button = document.querySelector<HTMLButtonElement>('#demo');
const state = document.querySelector<HTMLElement>('#demo-state');
const here = document.querySelector<HTMLElement>('#here');
if (here) here.textContent = location.origin;

button?.addEventListener('click', async () => {
  if (!button || !state) return;
  button.disabled = true;
  try {
    await makeDemo((step) => {
      state.textContent = step;
    });
    state.textContent = 'They are there. Open Alice’s chat, or Agnes’s desk.';
  } catch (error) {
    state.textContent = `That did not work: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    button.disabled = false;
  }
});

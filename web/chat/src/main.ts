import { html } from 'lit';
import { boot } from 'parlour-ui/boot.ts';
import './chat-app.ts';
import { demoPeople } from './demo-people.ts';

void boot({
  name: 'chat',
  people: demoPeople,
  show: (parlour, config) => html`<chat-app .parlour=${parlour} .config=${config}></chat-app>`,
});

import 'parlour-chat';

import 'parlour-dashboard';

from vago.cli import main

raise SystemExit(main())

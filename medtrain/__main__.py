"""`python -m medtrain`, which launchers of several processes need."""

from medtrain.cli import main

main()

"""medtrain reads a medsynth corpus from disk. It never imports medsynth: the files are the contract."""

"""Transcripts: cues of long recordings, and the texts of folders of clips."""

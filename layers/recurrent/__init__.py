"""Layers that walk along time. Reading order: loop, cell, rnn, simple_rnn, gru, lstm, stacked."""

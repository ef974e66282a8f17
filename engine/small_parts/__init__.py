"""Small parts below the heart. Each is one small idea that needs no other: names, checks, arrays as tensors.

    naming        `dense`, `dense_1` …                      input_spec    what a layer accepts
    sizes         sizes and shapes that are given           arrays        data in memory as tensors
    creation      variables made in the midst of a trace    conditional   doing something only sometimes
    gradients     what an optimizer is given                pace          how many steps until Python looks up
    described     a layer as plain data
"""

"""Small parts below the heart. Each is one small idea that needs no other: names, checks, arrays as tensors.

    naming        `dense`, `dense_1` …                       input_spec     what a layer accepts
    sizes         sizes and shapes that are given            given          inputs and weights that cannot be right
    signature     what `call` and `build` declare            arguments      arguments of fit, evaluate, predict
    described     what can be read off a layer               described_rule … and off an optimizer
    creation      variables made in the midst of a trace     copying        what a copy and a pickle take along
    arrays        data in memory as tensors                  batch          what every batch goes through
    feed          what the loops ask of any data             class_weights  weights of rows by their class
    slots         the variables that an optimizer keeps      checks         arguments that an optimizer refuses
    gradients     what an optimizer is given                 conditional    doing something only sometimes
    pace          how many steps until Python looks up       run            where a fit is
    remembering   what a layer tells a checkpoint of itself  trackable      what TensorFlow's checkpoints ask
"""

"""Thumbnails of a folder of pictures, with Pillow, in worker processes.

    thumbs.py [PICTURES [THUMBNAILS]] [--executor ringmaster|concurrent.futures] [--poison N]

The folders are "pictures", which is drawn if it is not there, and "thumbnails" unless named. A picture that crashes its
decoder costs itself only. With --executor concurrent.futures it costs all that come after it.
--poison N: every Nth picture does so (a crash like that of a decoder's bug, made on purpose)."""
import argparse
import ctypes
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from PIL import Image, ImageDraw

from ringmaster import Executor


def thumbnail(source, target, poisoned):
    if poisoned:
        ctypes.string_at(8)
    with Image.open(source) as picture:
        picture.thumbnail((256, 256))
        picture.convert('RGB').save(target, 'JPEG', quality=85)
    return target


def draw(folder, count=100):
    """For whoever has no pictures at hand."""
    os.makedirs(folder)
    for number in range(count):
        picture = Image.new('RGB', (800, 600), (number * 5 % 256, 90, 160))
        ImageDraw.Draw(picture).ellipse((100, 50, 200 + 6 * number % 600, 550), fill=(240, 200, number * 7 % 256))
        picture.save(os.path.join(folder, f'{number:03}.png'), compress_level=1)


def make_executor(name):
    if name == 'ringmaster':
        return Executor(run_timeout=20)
    return ProcessPoolExecutor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('pictures', nargs='?', default='pictures')
    parser.add_argument('thumbnails', nargs='?', default='thumbnails')
    parser.add_argument('--executor', choices=('ringmaster', 'concurrent.futures'), default='ringmaster')
    parser.add_argument('--poison', type=int, default=0)
    given = parser.parse_args()
    if not os.path.exists(given.pictures):
        draw(given.pictures)
    os.makedirs(given.thumbnails, exist_ok=True)
    names = sorted(name for name in os.listdir(given.pictures) if name.lower().endswith(('.jpg', '.jpeg', '.png', '.webp')))
    begin = time.perf_counter()
    made, failed = 0, []
    with make_executor(given.executor) as executor:
        futures = {}
        for number, name in enumerate(names, 1):
            target = os.path.join(given.thumbnails, os.path.splitext(name)[0] + '.jpg')
            poisoned = given.poison > 0 and number % given.poison == 0
            try:
                futures[executor.submit(thumbnail, os.path.join(given.pictures, name), target, poisoned)] = name
            except BrokenProcessPool as broken:
                failed.append((name, broken))
        for future in as_completed(futures):
            try:
                future.result()
                made += 1
            except Exception as failure:
                failed.append((futures[future], failure))
    print(f'{made} thumbnails in {time.perf_counter() - begin:.2f} s, {len(failed)} failed')
    for name, failure in failed[:3]:
        print(f'  {name}: {type(failure).__name__}: {str(failure).splitlines()[0]}', file=sys.stderr)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
